"use strict";

const REFRESH_MS = 5000;
const CARDS_MS = 60000;
const PAGE = 200;
const KEY = "csms-key";
const BUSY = ["Charging", "Occupied", "Preparing", "Finishing", "SuspendedEV", "SuspendedEVSE", "Reserved"];
const el = (id) => document.getElementById(id);
let timer = 0;
let mayChange = false;
let cards = { readAt: 0, notes: new Map() };

function node(tag, inside, className) {
  const made = document.createElement(tag);
  if (Array.isArray(inside)) made.append(...inside);
  else if (inside !== undefined) made.textContent = inside;
  if (className) made.className = className;
  return made;
}

async function ask(path, method = "GET", body = undefined) {
  const headers = { Authorization: "Bearer " + sessionStorage.getItem(KEY) };
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch("/api/v1" + path, { method, headers, body: body && JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.detail || told.title), { status: answer.status });
  return told;
}

function button(text, question, act) {
  const made = node("button", text, "little");
  made.type = "button";
  made.addEventListener("click", async () => {
    if (!confirm(question)) return;
    made.disabled = true;
    try {
      const said = await act();
      await refresh();
      if (said.accepted === false) complain("The charger says: " + said.status);
    } catch (error) {
      complain(error.message);
    }
  });
  return made;
}

const pathOf = (id) => "/charge-points/" + encodeURIComponent(id);
const kilo = (value, unit) =>
  value === null || value === undefined ? "–" : (value / 1000).toFixed(1) + " " + unit;
const sum = (items, field) => items.reduce((total, one) => total + Number(one[field] || 0), 0);
const nameOf = (point) => point.name || point.id;
const holder = (token) => cards.notes.get(token) || token || "no card";

function lasted(seconds) {
  if (seconds < 90) return Math.round(seconds) + " s";
  if (seconds < 5400) return Math.round(seconds / 60) + " min";
  return seconds < 129600 ? (seconds / 3600).toFixed(1) + " h" : Math.round(seconds / 86400) + " d";
}

const since = (time) => lasted(Math.max(0, (Date.now() - Date.parse(time)) / 1000));
const ago = (time) => (time ? since(time) + " ago" : "never");

function state(point) {
  if (point.registration_status !== "accepted") return [point.registration_status, "bad"];
  return point.connected ? ["connected", "good"] : ["offline", "bad"];
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
  const line = node("div", [what]);
  if (mayChange && point.connected) {
    const question = "Stop charging at " + nameOf(point) + "?";
    const stop = () => ask(pathOf(point.id) + "/remote-stop", "POST", { transaction_id: one.id });
    line.append(button("Stop", question, stop));
  }
  return [line, node("div", holder(one.id_token) + ", for " + since(one.started_at), "small")];
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
    node("td", one.stop_reason || "–"),
  ]);
}

function decide(point, status, text) {
  const act = () => ask(pathOf(point.id), "PUT", { registration_status: status });
  return button(text, text + " " + nameOf(point) + "?", act);
}

function* troubles(points) {
  for (const point of points) {
    if (point.registration_status === "pending") {
      const kind = [point.vendor, point.model].filter(Boolean).join(" ");
      const line = node("li", [node("b", nameOf(point)), (kind ? " (" + kind + ")" : "") + " is new here and waits."]);
      if (mayChange) line.append(decide(point, "accepted", "Accept"), decide(point, "rejected", "Refuse"));
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

function show(points, open, today, ended) {
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

function opened(isOpen) {
  el("door").hidden = isOpen;
  el("overview").hidden = !isOpen;
  el("leave").hidden = !isOpen;
}

function complain(text) {
  el("error").hidden = !text;
  el("error").textContent = text || "";
}

function leave() {
  clearTimeout(timer);
  sessionStorage.removeItem(KEY);
  cards = { readAt: 0, notes: new Map() };
  for (const id of ["summary", "points", "ended", "troubles", "clock"]) el(id).replaceChildren();
  opened(false);
}

/* Who holds which card, and whether this key may change anything: both change rarely. */
async function readCards() {
  if (Date.now() - cards.readAt < CARDS_MS) return;
  const page = await ask("/id-tokens?limit=500");
  cards = { readAt: Date.now(), notes: new Map(page.items.map((one) => [one.id_token, one.note])) };
  mayChange = await ask("/audit-log?limit=1").then(() => true, () => false);
}

async function refresh() {
  clearTimeout(timer);
  try {
    const midnight = encodeURIComponent(new Date(new Date().setHours(0, 0, 0, 0)).toISOString());
    await readCards();
    show(
      await ask("/charge-points?limit=" + PAGE),
      await ask("/transactions?active=true&limit=500"),
      await ask("/transactions?limit=500&from=" + midnight),
      await ask("/transactions?active=false&limit=10"),
    );
    opened(true);
    complain("");
  } catch (error) {
    if (error.status === 401) leave();
    complain(error.message);
  }
  if (sessionStorage.getItem(KEY)) timer = setTimeout(refresh, REFRESH_MS);
}

el("door").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, el("key").value.trim());
  el("key").value = "";
  refresh();
});
el("leave").addEventListener("click", () => { leave(); complain(""); });
if (sessionStorage.getItem(KEY)) refresh();
