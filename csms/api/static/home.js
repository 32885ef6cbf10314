"use strict";

const REFRESH_MS = 5000;
const PAGE = 200;
const KEY = "csms-key";
const BUSY = ["Charging", "Occupied", "Preparing", "Finishing", "SuspendedEV", "SuspendedEVSE", "Reserved"];
const el = (id) => document.getElementById(id);
let timer = 0;

function node(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

async function ask(path) {
  const answer = await fetch("/api/v1" + path, {
    headers: { Authorization: "Bearer " + sessionStorage.getItem(KEY) },
  });
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.detail || body.title), { status: answer.status });
  return body;
}

function ago(time) {
  if (!time) return "never";
  const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
  if (seconds < 90) return Math.round(seconds) + " s ago";
  if (seconds < 5400) return Math.round(seconds / 60) + " min ago";
  return seconds < 129600 ? Math.round(seconds / 3600) + " h ago" : Math.round(seconds / 86400) + " d ago";
}

const kilo = (value, unit) =>
  value === null || value === undefined ? "–" : (value / 1000).toFixed(1) + " " + unit;

function state(point) {
  if (point.registration_status !== "accepted") return [point.registration_status, "bad"];
  return point.connected ? ["connected", "good"] : ["offline", "bad"];
}

function connectors(point) {
  const cell = node("td");
  for (const one of point.connectors) {
    const look = one.status === "Available" ? "good" : BUSY.includes(one.status) ? "busy" : "bad";
    const trouble = one.error_code && one.error_code !== "NoError" ? " (" + one.error_code + ")" : "";
    const name = one.evse_id + (one.connector_id > 1 ? "." + one.connector_id : "");
    cell.append(node("div", name + ": " + one.status + trouble, look));
  }
  return cell;
}

function row(point, open) {
  const line = node("tr");
  const who = node("td");
  who.append(node("div", point.name || point.id));
  const kind = [point.name ? point.id : "", point.vendor, point.model].filter(Boolean).join(" · ");
  who.append(node("div", kind, "small"));
  const power = open.reduce((sum, one) => sum + (one.power_w || 0), 0);
  const charging = node("td");
  for (const one of open) {
    charging.append(node("div", "EVSE " + one.evse_id + ": " + kilo(one.energy_wh, "kWh")));
    charging.append(node("div", (one.id_token || "no token") + ", began " + ago(one.started_at), "small"));
  }
  line.append(who, node("td", ...state(point)), connectors(point));
  line.append(node("td", open.length ? kilo(power, "kW") : "–", "number"), charging);
  line.append(node("td", ago(point.last_seen_at)));
  return line;
}

function show(points, transactions) {
  const openAt = new Map(points.items.map((point) => [point.id, []]));
  for (const one of transactions.items) openAt.get(one.charge_point_id)?.push(one);
  el("rows").replaceChildren(...points.items.map((point) => row(point, openAt.get(point.id))));
  const connected = points.items.filter((point) => point.connected).length;
  const power = transactions.items.reduce((sum, one) => sum + (one.power_w || 0), 0);
  const count = points.items.length + (points.next_cursor ? " or more" : "");
  const charging = transactions.items.length + (transactions.next_cursor ? " or more" : "");
  el("summary").textContent =
    `${connected} of ${count} connected, ${charging} open transactions, ${kilo(power, "kW")}`;
  el("more").hidden = !points.next_cursor;
  el("more").textContent = `The first ${PAGE} are shown; the API has the rest.`;
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
  el("summary").textContent = "";
  el("more").hidden = true;
  opened(false);
}

async function refresh() {
  clearTimeout(timer);
  try {
    show(
      await ask("/charge-points?limit=" + PAGE),
      await ask("/transactions?active=true&limit=500"),
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
