"use strict";

/* The charge points: what they do now, what needs a person, what ended. */

import { ago, ask, button, complain, el, kilo, lasted, node, part, rights, since } from "./page.js";

export const PAGE = 200;
const BUSY = ["Charging", "Occupied", "Preparing", "Finishing", "SuspendedEV", "SuspendedEVSE", "Reserved"];
let notes = new Map();
let refreshed = async () => {};

/* Says how to show what changed after a command. */
export function onChange(refresh) {
  refreshed = refresh;
}

const sum = (items, field) => items.reduce((total, one) => total + Number(one[field] || 0), 0);
const nameOf = (point) => point.name || point.id;
const holder = (token) => notes.get(token) || token || "no card";

function state(point) {
  if (point.registration_status !== "accepted") return [point.registration_status, "bad"];
  return point.connected ? ["connected", "good"] : ["offline", "bad"];
}

/* What the charger says to a command is worth reading when it is a no. */
async function commanded(act) {
  const said = await act();
  await refreshed();
  if (said.accepted === false) complain("The charger says: " + said.status);
}

function hasTrouble(connector) {
  return connector.status === "Faulted" || (connector.error_code || "NoError") !== "NoError";
}

function outlet(connector) {
  if (connector.evse_id === 0) return "all";
  return connector.evse_id + (connector.connector_id > 1 ? "." + connector.connector_id : "");
}

function pill(connector) {
  const fine = connector.status === "Available" ? "good" : BUSY.includes(connector.status) ? "busy" : "bad";
  const error = hasTrouble(connector) && connector.error_code ? " (" + connector.error_code + ")" : "";
  const look = hasTrouble(connector) ? "bad" : fine;
  return node("span", outlet(connector) + " " + connector.status + error, "pill " + look);
}

/* 1.6 reports the whole charge point as connector 0, which is news only when it is not fine. */
const shown = (connector) => connector.evse_id !== 0 || connector.status !== "Available" || hasTrouble(connector);

function chargingNow(point, one, many) {
  const what = (many ? "EVSE " + one.evse_id + ": " : "") + kilo(one.energy_wh, "kWh");
  const soFar = money(one.cost);
  const line = node("div", [what + (soFar && ", " + soFar + " so far")]);
  if (rights.mayChange && point.connected) {
    const question = "Stop charging at " + nameOf(point) + "?";
    const stop = () => ask("/charge-points/" + part(point.id) + "/remote-stop", "POST", { transaction_id: one.id });
    line.append(button("Stop", question, () => commanded(stop)));
  }
  return [line, node("div", holder(one.id_token) + ", for " + since(one.started_at), "small")];
}

/* What has no price says so and why; it is never shown as 0. */
function money(cost) {
  if (cost.gross === null) return "";
  try {
    return new Intl.NumberFormat([], { style: "currency", currency: cost.currency }).format(cost.gross);
  } catch {
    return cost.gross + " " + cost.currency;
  }
}

function costCell(cost) {
  if (cost.state === "priced") return node("td", money(cost), "number");
  const cell = node("td", "unpriced", "number small");
  cell.title = cost.reason;
  return cell;
}

function pointRow(point, open) {
  const kind = [point.name ? point.id : "", point.vendor, point.model].filter(Boolean).join(" · ");
  const connectors = point.connectors.filter(shown);
  return node("tr", [
    node("td", [node("div", nameOf(point)), node("div", kind, "small")]),
    node("td", ...state(point)),
    node("td", connectors.map(pill)),
    node("td", open.length ? kilo(sum(open, "power_w"), "kW") : "–", "number"),
    node("td", open.flatMap((one) => chargingNow(point, one, connectors.length > 1))),
    node("td", ago(point.last_seen_at)),
  ]);
}

function endedRow(one, names) {
  const lastedS = (Date.parse(one.stopped_at) - Date.parse(one.started_at)) / 1000;
  const began = new Date(one.started_at).toLocaleString([], { dateStyle: "short", timeStyle: "short" });
  return node("tr", [
    node("td", began),
    node("td", names.get(one.charge_point_id) || one.charge_point_id),
    node("td", holder(one.id_token)),
    node("td", lasted(lastedS), "number"),
    node("td", kilo(one.energy_wh, "kWh"), "number"),
    costCell(one.cost),
    node("td", one.stop_reason || "–"),
  ]);
}

function decide(point, status, text) {
  const act = () => ask("/charge-points/" + part(point.id), "PUT", { registration_status: status });
  return button(text, text + " " + nameOf(point) + "?", () => commanded(act));
}

function* troubles(points) {
  for (const point of points) {
    if (point.registration_status === "pending") {
      const kind = [point.vendor, point.model].filter(Boolean).join(" ");
      const line = node("li", [node("b", nameOf(point)), (kind ? " (" + kind + ")" : "") + " is new here and waits."]);
      if (rights.mayChange) line.append(decide(point, "accepted", "Accept"), decide(point, "rejected", "Refuse"));
      yield line;
    } else if (point.registration_status === "accepted" && !point.connected) {
      const text = point.last_seen_at ? " is offline, last heard " + ago(point.last_seen_at) + "." : " never connected.";
      yield node("li", [node("b", nameOf(point)), text]);
    }
    for (const one of point.connected ? point.connectors.filter(hasTrouble) : []) {
      const text = one.evse_id === 0 ? " has a fault: " : ", connector " + outlet(one) + ", has a fault: ";
      yield node("li", [node("b", nameOf(point)), text + [one.error_code, one.info].filter(Boolean).join(", ")]);
    }
  }
}

function tile(name, value, detail) {
  const inside = node("dd", value);
  if (detail) inside.append(node("small", " " + detail));
  return node("div", [node("dt", name), inside]);
}

export function show(points, open, today, ended, cards) {
  notes = cards;
  const items = points.items;
  const orMore = (page) => (page.next_cursor ? " or more" : "");
  const connected = items.filter((point) => point.connected).length;
  const drawing = open.items.filter((one) => one.power_w > 0).length;
  el("summary").replaceChildren(
    tile("Connected", connected, "of " + items.length + orMore(points)),
    tile("Charging", drawing, "of " + open.items.length + orMore(open) + " plugged in"),
    tile("Power", kilo(sum(open.items, "power_w"), "kW")),
    tile("Transactions begun today", kilo(sum(today.items, "energy_wh"), "kWh"), "in " + today.items.length + orMore(today)),
  );
  const openAt = new Map(items.map((point) => [point.id, []]));
  for (const one of open.items) openAt.get(one.charge_point_id)?.push(one);
  const names = new Map(items.map((point) => [point.id, nameOf(point)]));
  el("points").replaceChildren(...items.map((point) => pointRow(point, openAt.get(point.id))));
  el("ended").replaceChildren(...ended.items.map((one) => endedRow(one, names)));
  el("troubles").replaceChildren(...troubles(items));
  el("trouble").hidden = !el("troubles").children.length;
  el("recent").hidden = !ended.items.length;
  el("no-points").hidden = items.length > 0;
  el("more").hidden = !points.next_cursor;
  el("more").textContent = `The first ${PAGE} are shown; the API has the rest.`;
  el("clock").textContent = "as of " + new Date().toLocaleTimeString();
}

export function forget() {
  notes = new Map();
  for (const id of ["summary", "points", "ended", "troubles", "clock"]) el(id).replaceChildren();
}
