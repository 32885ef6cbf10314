"use strict";

/* Load management of one site: who gets what just now, and what keeps it from more. */

import * as orders from "./load_orders.js";
import * as tree from "./load_tree.js";
import { KEY, ask, askAll, attempt, complain, el, node, part } from "./page.js";

const REFRESH_MS = 2000;
const SETTINGS_MS = 10000;
const SEVERITY = { critical: "bad", warning: "bad", info: "busy" };
let timer = 0;
let isRunning = false;
let round = 0;
let settings = null;

export function start() {
  if (isRunning) return;
  isRunning = true;
  refresh();
}

export function stop() {
  clearTimeout(timer);
  round += 1;
  isRunning = false;
  settings = null;
  el("load").hidden = true;
  el("site").replaceChildren();
  el("alarms").replaceChildren();
  tree.forget();
  orders.forget();
}

function chooseFrom(sites) {
  const choice = el("site");
  const known = [...choice.options].map((one) => one.value + one.textContent).join();
  if (known !== sites.map((one) => one.id + one.name).join()) {
    const chosen = choice.value;
    choice.replaceChildren(...sites.map((one) => new Option(one.name, one.id)));
    if (sites.some((one) => one.id === chosen)) choice.value = chosen;
  }
  el("choice").hidden = sites.length < 2;
  el("load").hidden = !sites.length;
  return sites.find((one) => one.id === choice.value);
}

/* What people have set up changes rarely; it is read anew after each change that is made here. */
async function readSettings(isLatest) {
  if (settings && Date.now() - settings.readAt < SETTINGS_MS) return;
  const sites = await askAll("/sites?limit=500");
  if (!isLatest()) return;
  const site = chooseFrom(sites);
  if (!site) {
    settings = { site: null, readAt: Date.now() };
    return;
  }
  const query = "site_id=" + part(site.id) + "&limit=500";
  const read = {
    site,
    circuits: await askAll("/circuits?" + query),
    evses: await askAll("/evses?" + query),
    orders: await askAll("/limit-orders?active=true&" + query),
    readAt: Date.now(),
  };
  if (isLatest()) settings = read;
}

function alarmLine(alarm) {
  const began = new Date(alarm.raised_at).toLocaleTimeString();
  return node("li", [node("span", alarm.severity, "pill " + SEVERITY[alarm.severity]), alarm.message, node("span", ", since " + began, "small")]);
}

function say(text) {
  el("load-hint").hidden = !text;
  el("load-hint").textContent = text;
}

async function readSite(isLatest) {
  await readSettings(isLatest);
  const site = settings?.site;
  if (!isLatest() || !site) return;
  try {
    const allocation = await ask("/sites/" + part(site.id) + "/allocation");
    const alarms = await ask("/load-alarms?active=true&limit=50&site_id=" + part(site.id));
    if (!isLatest()) return;
    el("load-title").textContent = "Load management: " + site.name;
    el("alarms").replaceChildren(...alarms.items.map(alarmLine));
    tree.show(settings, allocation, { order: orders.open, changed });
    orders.show(settings);
    say("");
  } catch (error) {
    if (error.status !== 409 || !isLatest()) throw error;
    tree.forget();
    say(error.message + ".");
  }
}

/* A round that a later one has overtaken, because people changed something, shows nothing more. */
async function refresh() {
  clearTimeout(timer);
  round += 1;
  const mine = round;
  const isLatest = () => mine === round;
  if (!document.hidden) {
    await readSite(isLatest).catch((error) => { if (isLatest() && error.status !== 401) complain(error.message); });
  }
  if (isLatest() && sessionStorage.getItem(KEY)) timer = setTimeout(refresh, REFRESH_MS);
}

function changed() {
  if (settings) settings.readAt = 0;
  return refresh();
}

el("site").addEventListener("change", () => {
  tree.forget();
  attempt(changed);
});
orders.onChange(changed);
