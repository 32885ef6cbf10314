"use strict";

/* Cards that were held to a charger and that nobody has entered: let them charge, or put them aside. */

import { ago, ask, button, el, node, part, rights } from "./page.js";

const MOST = 20;
let changed = async () => {};

/* Says how to show what changed. */
export function onChange(refresh) {
  changed = refresh;
}

/* Whose card it is may be left open, but somebody has to say that it may charge. */
async function adopt(card) {
  const name = prompt("Let " + card.id_token + " charge. Whose is it?", "");
  if (name === null) return;
  await ask("/unknown-id-tokens/" + part(card.id_token) + "/adopt", "POST", { note: name.trim() || null });
  await changed();
}

async function dismiss(card) {
  await ask("/unknown-id-tokens/" + part(card.id_token), "DELETE");
  await changed();
}

function line(card) {
  const often = card.times === 1 ? "shown once" : "shown " + card.times + " times";
  const like = card.resembles.length ? `; perhaps ${card.resembles.join(" or ")}, read in another way` : "";
  const words = `: ${often}, ${ago(card.last_seen_at)} at ${card.charge_point_id}${like}`;
  const made = node("li", [node("b", card.id_token), words]);
  if (rights.mayChange) {
    made.append(button("Let it charge", "", () => adopt(card)), button("Put aside", "", () => dismiss(card)));
  }
  return made;
}

export async function refresh() {
  const page = await ask("/unknown-id-tokens?limit=" + MOST);
  el("strangers").hidden = !page.items.length;
  el("stranger-list").replaceChildren(...page.items.map(line));
}
