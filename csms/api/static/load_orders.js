"use strict";

/* Limit orders: what the grid operator wants of a circuit, for a while or until it is cancelled. */

import { ask, button, el, node, part, rights } from "./page.js";

let changed = async () => {};

/* Says how to show what changed. */
export function onChange(refresh) {
  changed = refresh;
}

export function open(circuit) {
  el("order").reset();
  el("order-title").textContent = "Limit " + circuit.name;
  el("order").dataset.circuit = circuit.id;
  el("order-error").hidden = true;
  el("order-box").showModal();
}

function bodyOf(form) {
  const { amount, unit, minutes, reason } = form.elements;
  const body = { reason: reason.value.trim() };
  if (unit.value === "kW") body.power_w = Math.round(1000 * amount.valueAsNumber);
  else body.limit_a = amount.valueAsNumber;
  if (minutes.value) body.ends_at = new Date(Date.now() + 60000 * minutes.value).toISOString();
  return body;
}

async function send(event) {
  event.preventDefault();
  const form = el("order");
  try {
    await ask("/circuits/" + part(form.dataset.circuit) + "/limit-orders", "POST", bodyOf(form));
    el("order-box").close();
    await changed();
  } catch (error) {
    el("order-error").textContent = error.message;
    el("order-error").hidden = false;
  }
}

function limitOf(order) {
  const phases = order.limit_a && [order.limit_a.l1, order.limit_a.l2, order.limit_a.l3];
  const current = phases && (new Set(phases).size > 1 ? phases.join("/") : phases[0]) + " A";
  const power = order.power_w !== null && order.power_w / 1000 + " kW";
  return [power, current].filter(Boolean).join(" and ");
}

function line(order, names) {
  const until = order.ends_at ? "until " + new Date(order.ends_at).toLocaleString([], { dateStyle: "short", timeStyle: "short" }) : "until cancelled";
  const by = order.source === "signal" ? "the grid operator's signal" : [order.reason, "by " + order.created_by].filter(Boolean).join(", ");
  const made = node("li", [node("b", names.get(order.circuit_id)), `: at most ${limitOf(order)} ${until} (${by})`]);
  if (rights.mayChange && order.source === "operator") {
    const act = async () => {
      await ask("/limit-orders/" + order.id, "DELETE");
      await changed();
    };
    made.append(button("Cancel", "Cancel this limit?", act));
  }
  return made;
}

export function show(settings) {
  const told = JSON.stringify([rights.mayChange, settings.orders]);
  if (el("orders").dataset.shown === told) return;
  el("orders").dataset.shown = told;
  const names = new Map(settings.circuits.map((one) => [one.id, one.name]));
  el("orders").replaceChildren(...settings.orders.map((one) => line(one, names)));
}

export function forget() {
  delete el("orders").dataset.shown;
  el("orders").replaceChildren();
  el("order-box").close();
}

el("order").addEventListener("submit", send);
el("order-close").addEventListener("click", () => el("order-box").close());
