"use strict";

/* The page: a door that wants a key, and behind it all that is refreshed again and again. */

import * as chargePoints from "./charge_points.js";
import * as load from "./load.js";
import { KEY, ask, complain, el, rights } from "./page.js";
import * as settings from "./settings.js";
import * as unknownCards from "./unknown_cards.js";

const REFRESH_MS = 5000;
const CARDS_MS = 60000;
let timer = 0;
let round = 0;
let cards = { readAt: 0, notes: new Map() };

function opened(isOpen) {
  el("door").hidden = isOpen;
  el("overview").hidden = !isOpen;
  el("leave").hidden = !isOpen;
}

function leave() {
  clearTimeout(timer);
  round += 1;
  sessionStorage.removeItem(KEY);
  cards = { readAt: 0, notes: new Map() };
  rights.mayChange = false;
  chargePoints.forget();
  settings.forget();
  load.stop();
  opened(false);
}

/* Who holds which card, and whether this key may change anything: both change rarely. */
async function readCards() {
  if (Date.now() - cards.readAt < CARDS_MS) return;
  const page = await ask("/id-tokens?limit=500");
  cards = { readAt: Date.now(), notes: new Map(page.items.map((one) => [one.id_token, one.note])) };
  rights.mayChange = await ask("/audit-log?limit=1").then(() => true, () => false);
}

async function refresh() {
  clearTimeout(timer);
  round += 1;
  const mine = round;
  try {
    const midnight = encodeURIComponent(new Date(new Date().setHours(0, 0, 0, 0)).toISOString());
    await readCards();
    const read = [
      await ask("/charge-points?limit=" + chargePoints.PAGE),
      await ask("/transactions?active=true&limit=500"),
      await ask("/transactions?limit=500&from=" + midnight),
      await ask("/transactions?active=false&limit=10"),
    ];
    if (mine !== round) return;
    chargePoints.show(...read, cards.notes);
    await unknownCards.refresh();
    await settings.refresh();
    if (mine !== round) return;
    opened(true);
    load.start();
    complain("");
  } catch (error) {
    if (mine !== round) return;
    if (error.status === 401) leave();
    complain(error.message);
  }
  if (mine === round && sessionStorage.getItem(KEY)) timer = setTimeout(refresh, REFRESH_MS);
}

el("door").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, el("key").value.trim());
  el("key").value = "";
  refresh();
});
el("leave").addEventListener("click", () => { leave(); complain(""); });
chargePoints.onChange(refresh);
unknownCards.onChange(() => {
  cards.readAt = 0;
  return refresh();
});
if (sessionStorage.getItem(KEY)) refresh();
