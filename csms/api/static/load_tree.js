"use strict";

/* The tree of circuits as rows of one table, each with its EVSEs below it. Rows live on while
   numbers change, so that nobody loses the field that he is just using. */

import { ask, attempt, button, node, el, part, rights, write } from "./page.js";

const PHASES = ["l1", "l2", "l3"];
const STATES = { charging: "good", starting: "busy", waiting: "busy", paused: "busy", idle: "" };
const MODES = { power: "Power", solar_pure: "Solar pure", solar_plus: "Solar plus", time_plan: "Time plan", lock: "Lock" };
const INDENT_REM = 1.1;
let shape = "";
let rows = new Map();

const amps = (value) => (Math.abs(value) < 9.95 ? value.toFixed(1) : value.toFixed(0));
const keyOf = (evse) => evse.charge_point_id + "/" + evse.evse_id;
const share = (value, most) => (100 * Math.min(1, Math.max(0, value) / most)).toFixed(1) + "%";

/* A circuit, its EVSEs, then what hangs below it. */
function* inOrder(settings, parent = null, depth = 0) {
  for (const circuit of settings.circuits.filter((one) => one.parent_id === parent)) {
    yield { circuit, depth };
    for (const evse of settings.evses.filter((one) => one.circuit_id === circuit.id)) yield { evse, depth: depth + 1 };
    yield* inOrder(settings, circuit.id, depth + 1);
  }
}

function head(depth, inside) {
  const made = node("th", inside);
  made.scope = "row";
  made.style.paddingLeft = depth * INDENT_REM + "rem";
  return made;
}

function bar(phase) {
  const parts = { may: node("span", "", "may"), cars: node("span", "", "cars"), other: node("span", "", "other"), limit: node("span", "", "limit") };
  const track = node("div", Object.values(parts), "track");
  track.setAttribute("aria-hidden", "true");
  const text = node("div", "", "small");
  const whole = node("div", [node("b", phase.toUpperCase()), track, text], "phase");
  return { whole, text, ...parts };
}

function showBar(made, phase, circuit, now) {
  const limit = now.limit_a[phase];
  const other = now.other_load_a[phase];
  const cars = now.measured_chargers_a[phase];
  const may = now.may_draw_a[phase];
  const most = Math.max(circuit.breaker_a[phase], limit) || 1;
  made.whole.hidden = circuit.breaker_a[phase] <= 0;
  made.other.style.width = share(other, most);
  made.cars.style.width = share(other + cars, most);
  made.may.style.width = share(other + may, most);
  made.limit.style.left = share(limit, most);
  const text = `other ${amps(other)}, cars ${amps(cars)} (may ${amps(may)}) of ${amps(limit)} A`;
  write(made.text, text);
}

function circuitRow(circuit, depth, actions) {
  const name = node("span", circuit.name);
  const why = node("div", "", "small");
  const stale = node("span", "meter silent", "pill bad");
  const ordered = node("span", "ordered", "pill busy");
  const bars = new Map(PHASES.map((phase) => [phase, bar(phase)]));
  const phases = node("td", [node("div", [...bars.values()].map((one) => one.whole), "phases")]);
  phases.colSpan = 5;
  const last = node("td", []);
  if (rights.mayChange) last.append(button("Limit…", "", async () => actions.order(circuit)));
  last.firstChild?.setAttribute("aria-label", "Limit " + circuit.name);
  const row = node("tr", [head(depth, [name, " ", stale, ordered, why]), phases, last], "circuit");
  const update = (now, isOrdered) => {
    stale.hidden = !now.stale;
    ordered.hidden = !isOrdered;
    const power = now.max_power_w === null ? "" : (now.max_power_w / 1000).toFixed(1) + " kW, ";
    write(why, "limit: " + power + now.limit_reason);
    for (const phase of PHASES) showBar(bars.get(phase), phase, circuit, now);
  };
  return { row, update };
}

function modeField(evse, actions) {
  if (!rights.mayChange) return node("span", MODES[evse.mode]);
  const offered = Object.keys(MODES).filter((mode) => mode !== "time_plan" || evse.time_plan.length);
  const field = node("select", offered.map((mode) => new Option(MODES[mode], mode)));
  field.setAttribute("aria-label", "Mode of " + keyOf(evse));
  field.addEventListener("change", async () => {
    const act = () =>
      ask("/evses/" + part(evse.charge_point_id) + "/" + evse.evse_id + "/mode", "POST", { mode: field.value });
    field.blur();
    await attempt(act);
    await actions.changed();
  });
  return field;
}

/* "GARAGE-01/1, 16 A" is what it can do itself; everything else holds it back. */
function reason(now) {
  if (now.binding === null) return now.waiting ? "waits for its turn" : "";
  const own = keyOf(now) + ", ";
  const text = now.binding.startsWith(own) ? "its own most, " + now.binding.slice(own.length) : now.binding;
  return now.waiting ? "waits for its turn: " + text : text;
}

function evseRow(evse, depth, actions) {
  const state = node("span");
  const mode = modeField(evse, actions);
  const [limit, phases, measured, why] = ["number", "", "number", ""].map((look) => node("td", "", look));
  const row = node("tr", [head(depth, keyOf(evse)), node("td", [state]), node("td", [mode]), limit, phases, measured, why]);
  const update = (now, set) => {
    write(state, now.state, "pill " + (STATES[now.state] ?? "bad"));
    if (mode.tagName !== "SELECT") write(mode, MODES[set.mode]);
    else if (document.activeElement !== mode) mode.value = set.mode;
    write(limit, now.limit_a.toFixed(0) + " A");
    write(phases, now.phases.replace(/(?<=\d)L/g, " L"));
    const drawn = now.measured_a && PHASES.map((phase) => now.measured_a[phase].toFixed(1)).join(" / ") + " A";
    write(measured, drawn || "–");
    write(why, reason(now));
  };
  return { row, update };
}

function build(order, actions) {
  rows = new Map();
  for (const { circuit, evse, depth } of order) {
    if (circuit) rows.set("circuit " + circuit.id, circuitRow(circuit, depth, actions));
    else rows.set("evse " + keyOf(evse), evseRow(evse, depth, actions));
  }
  el("circuits").replaceChildren(...[...rows.values()].map((one) => one.row));
}

export function show(settings, allocation, actions) {
  const order = [...inOrder(settings)];
  const wanted = JSON.stringify([rights.mayChange, order.map(({ circuit, evse, depth }) =>
    circuit ? [circuit.id, circuit.name, circuit.breaker_a, depth] : [keyOf(evse), evse.time_plan.length, depth])]);
  if (wanted !== shape) build(order, actions);
  shape = wanted;
  const ordered = new Set(settings.orders.map((one) => one.circuit_id));
  for (const now of allocation.circuits) rows.get("circuit " + now.circuit_id)?.update(now, ordered.has(now.circuit_id));
  const sets = new Map(settings.evses.map((one) => [keyOf(one), one]));
  for (const now of allocation.evses) {
    const set = sets.get(keyOf(now));
    if (set) rows.get("evse " + keyOf(now))?.update(now, set);
  }
  el("tree").hidden = false;
}

export function forget() {
  shape = "";
  rows = new Map();
  el("circuits").replaceChildren();
  el("tree").hidden = true;
}
