"use strict";

/* Templates of settings: which charge points are not as they say, and a button to make them so. */

import { ask, button, el, node, part, rights } from "./page.js";

const EVERY_MS = 60000;
const MOST_NAMED = 8;
let readAt = 0;

export function forget() {
  readAt = 0;
}

async function apply(template) {
  await ask("/configuration-templates/" + part(template.id) + "/apply", "POST", {});
  forget();
  await refresh();
}

function line(template, off) {
  const named = off.slice(0, MOST_NAMED).map((one) => one.charge_point_id).join(", ");
  const more = off.length > MOST_NAMED ? " and more" : "";
  const made = node("li", [node("b", template.name), ": " + named + more]);
  if (rights.mayChange) {
    const question = "Apply " + template.name + " to all charge points that it fits?";
    made.append(button("Apply", question, () => apply(template)));
  }
  return made;
}

/* Settings change rarely, and comparing them takes the server a while. */
export async function refresh() {
  if (Date.now() - readAt < EVERY_MS) return;
  readAt = Date.now();
  const lines = [];
  for (const template of (await ask("/configuration-templates?limit=20")).items) {
    const found = await ask("/configuration-templates/" + part(template.id) + "/drift?limit=500");
    const off = found.items.filter((one) => one.differs > 0);
    if (off.length) lines.push(line(template, off));
  }
  el("settings").hidden = !lines.length;
  el("settings-list").replaceChildren(...lines);
}
