"use strict";

/* What every part of the page uses: elements, requests, and words for amounts and times. */

export const KEY = "csms-key";
export const rights = { mayChange: false };
export const el = (id) => document.getElementById(id);
export const part = encodeURIComponent;

export function node(tag, inside, className) {
  const made = document.createElement(tag);
  if (Array.isArray(inside)) made.append(...inside);
  else if (inside !== undefined) made.textContent = inside;
  if (className) made.className = className;
  return made;
}

/* Changes the document only where it must: who reads or types there is not disturbed. */
export function write(place, text, className = place.className) {
  if (place.textContent !== text) place.textContent = text;
  if (place.className !== className) place.className = className;
}

export async function ask(path, method = "GET", body = undefined) {
  const headers = { Authorization: "Bearer " + sessionStorage.getItem(KEY) };
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch("/api/v1" + path, { method, headers, body: body && JSON.stringify(body) });
  const told = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.detail || told.title), { status: answer.status });
  return told;
}

/* All pages of a list; `path` has a query already. */
export async function askAll(path) {
  const items = [];
  for (let cursor = ""; cursor !== null; ) {
    const page = await ask(path + (cursor && "&cursor=" + part(cursor)));
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items;
}

export function complain(text) {
  el("error").hidden = !text;
  el("error").textContent = text || "";
}

/* Does what people asked for and shows why it failed if it did. */
export async function attempt(act) {
  try {
    return await act();
  } catch (error) {
    complain(error.message);
    return undefined;
  }
}

export function button(text, question, act) {
  const made = node("button", text, "little");
  made.type = "button";
  made.addEventListener("click", async () => {
    if (question && !confirm(question)) return;
    made.disabled = true;
    await attempt(act);
    made.disabled = false;
  });
  return made;
}

export const kilo = (value, unit) =>
  value === null || value === undefined ? "–" : (value / 1000).toFixed(1) + " " + unit;

export function lasted(seconds) {
  if (seconds < 90) return Math.round(seconds) + " s";
  if (seconds < 5400) return Math.round(seconds / 60) + " min";
  return seconds < 129600 ? (seconds / 3600).toFixed(1) + " h" : Math.round(seconds / 86400) + " d";
}

export const since = (time) => lasted(Math.max(0, (Date.now() - Date.parse(time)) / 1000));
export const ago = (time) => (time ? since(time) + " ago" : "never");
