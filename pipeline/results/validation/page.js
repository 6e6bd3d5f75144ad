// The page of a coder: plays, asks, keeps answers in this browser, and hands them over as a file.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const CANT_TELL = "cant_tell";
const KEPT = `cliptone ${data.sample} ${data.scheme_sha256} ${data.coder}`;
const at = (id) => document.getElementById(id);
const questions = data.scheme.questions;
const audio = new Audio();
let answers = {};  // by unit: {values: by question, note, at}
let unit = 0;
let asked = 0;
let url = "";

function restore() {
  try { answers = JSON.parse(localStorage.getItem(KEPT)) || {}; } catch { answers = {}; }
}
function keep() {
  try { localStorage.setItem(KEPT, JSON.stringify(answers)); }
  catch { say("This browser keeps nothing: save your answers before you close the page."); }
}
function say(text) { at("said").textContent = text; }
const given = (id) => (answers[id] ||= {values: {}, note: "", at: ""});
const isEmpty = (value) => value === undefined || value === "" || (Array.isArray(value) && !value.length);
const isDone = (id) => questions.every((one) => one.optional || !isEmpty(answers[id]?.values[one.id]));
const isLast = () => unit === data.units.length - 1;

// ---------------------------------------------------------------- sound
function sound(source) {
  const [head, body] = source.split(",");
  const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], {type: head.slice(5, head.indexOf(";"))}));
}
function load() {
  audio.pause();
  if (url) URL.revokeObjectURL(url);
  url = sound(data.units[unit].sound);
  audio.src = url;
}
function play() {
  if (audio.paused) audio.play().catch(() => say("This browser cannot play the sound."));
  else audio.pause();
}
function tick() {
  const length = Number.isFinite(audio.duration) ? audio.duration : 0;
  at("seek").value = length ? audio.currentTime / length : 0;
  at("time").textContent = `${audio.currentTime.toFixed(1)} / ${length.toFixed(1)} s`;
}
for (const name of ["timeupdate", "loadedmetadata", "durationchange", "ended"]) audio.addEventListener(name, tick);
for (const name of ["play", "pause", "ended"])
  audio.addEventListener(name, () => { at("play").textContent = audio.paused ? "▶ Play" : "❚❚ Pause"; });
at("play").addEventListener("click", play);
at("seek").addEventListener("input", () => {
  if (Number.isFinite(audio.duration)) audio.currentTime = at("seek").value * audio.duration;
});

// ---------------------------------------------------------------- questions
function choices(one) {
  const found = one.type === "scale"
    ? Array.from({length: one.max - one.min + 1}, (_, step) => ({value: one.min + step, text: String(one.min + step)}))
    : one.options.map((text) => ({value: text, text}));
  found.forEach((choice, place) => { if (place < 9) choice.key = String(place + 1); });
  if (one.cant_tell) found.push({value: CANT_TELL, text: "can't tell", key: "0"});
  return found;
}
function element(name, options = {}, ...children) {
  const made = Object.assign(document.createElement(name), options);
  made.append(...children);
  return made;
}
function answer(place, value) {
  const one = questions[place], mine = given(data.units[unit].id);
  if (one.type === "choices" && value !== CANT_TELL) {
    const before = Array.isArray(mine.values[one.id]) ? mine.values[one.id] : [];
    mine.values[one.id] = before.includes(value) ? before.filter((other) => other !== value) : [...before, value];
    asked = place;
  } else {
    mine.values[one.id] = value;
    asked = place + 1;
  }
  mine.at = new Date().toISOString();
  keep();
  if (asked >= questions.length && isDone(data.units[unit].id)) forward();
  else { asked = Math.min(asked, questions.length - 1); show(); }
}
function options(one, place) {
  const value = answers[data.units[unit].id]?.values[one.id];
  if (one.type === "text") {
    const field = element("input", {type: "text", value: value || "", dir: "auto"});
    field.setAttribute("aria-label", one.text);
    field.addEventListener("focus", () => { asked = place; mark(); });
    field.addEventListener("input", () => {
      const mine = given(data.units[unit].id);
      mine.values[one.id] = field.value;
      mine.at = new Date().toISOString();
      keep();
      count();
    });
    return [field];
  }
  const shown = choices(one).map((choice) => {
    const chosen = Array.isArray(value) ? value.includes(choice.value) : value === choice.value;
    const button = element("button", {type: "button", className: choice.value === CANT_TELL ? "cant" : ""}, choice.text);
    if (choice.key && choice.text !== choice.key) button.prepend(element("kbd", {}, choice.key));
    button.setAttribute("aria-pressed", String(chosen));
    button.addEventListener("click", () => answer(place, choice.value));
    return button;
  });
  const all = [element("div", {className: "options"}, ...shown)];
  if (one.low || one.high) all.push(element("p", {className: "ends"}, element("span", {}, one.low), element("span", {}, one.high)));
  return all;
}
function mark() {
  [...at("questions").children].forEach((field, place) => field.classList.toggle("now", place === asked));
}
function count() {
  const done = data.units.filter((one) => isDone(one.id)).length;
  at("count").textContent = `${unit + 1} of ${data.units.length}`;
  at("bar").style.width = `${100 * done / data.units.length}%`;
  at("bar").parentElement.setAttribute("aria-valuemax", data.units.length);
  at("bar").parentElement.setAttribute("aria-valuenow", done);
  at("finished").hidden = done < data.units.length;
}
function show() {
  const id = data.units[unit].id, words = data.units[unit].words;
  at("words").hidden = !words;
  at("words").textContent = words || "";
  at("questions").replaceChildren(...questions.map((one, place) => {
    const legend = element("legend", {}, one.text, ...(one.optional ? [element("small", {}, " (optional)")] : []));
    return element("fieldset", {className: one.type}, legend, ...options(one, place));
  }));
  at("note").value = answers[id]?.note || "";
  at("noted").open = Boolean(answers[id]?.note);
  at("back").disabled = unit === 0 && asked === 0;
  at("next").disabled = isLast();
  mark();
  count();
}
function go(to, question = 0) {
  unit = Math.max(0, Math.min(data.units.length - 1, to));
  asked = question;
  load();
  show();
}
function forward() { if (!isLast()) go(unit + 1); else { asked = questions.length - 1; show(); } }
function back() {
  if (asked > 0) { asked -= 1; show(); } else if (unit > 0) go(unit - 1, questions.length - 1);
}
at("questions").addEventListener("submit", (event) => event.preventDefault());
at("next").addEventListener("click", forward);
at("back").addEventListener("click", back);
at("note").addEventListener("input", () => {
  const mine = given(data.units[unit].id);
  mine.note = at("note").value;
  keep();
});

// ---------------------------------------------------------------- keys
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target;
  if (target.matches("textarea, input[type=text]")) {
    if (event.key === "Escape") target.blur();
    else if (event.key === "Enter" && target.matches("input")) { target.blur(); forward(); }
    return;
  }
  if (target.matches("summary, input[type=file]") && [" ", "Enter"].includes(event.key)) return;
  const choice = questions[asked] && questions[asked].type !== "text" && choices(questions[asked]).find((one) => one.key === event.key);
  if (event.key === " ") play();
  else if (event.key === "Backspace") back();
  else if (event.key === "Enter") { if (target.matches("button")) return; forward(); }
  else if (event.key === "n") { at("noted").open = true; at("note").focus(); }
  else if (choice) answer(asked, choice.value);
  else return;
  event.preventDefault();
});

// ---------------------------------------------------------------- files
function exported() {
  const known = data.units.filter((one) => answers[one.id]);
  return {
    format: data.format, version: data.version, sample: data.sample, scheme_sha256: data.scheme_sha256,
    coder: data.coder, saved_at: new Date().toISOString(),
    answers: known.map((one) => ({sample_id: one.id, ...answers[one.id]})),
  };
}
at("save").addEventListener("click", () => {
  const place = URL.createObjectURL(new Blob([JSON.stringify(exported(), null, 1)], {type: "application/json"}));
  const link = element("a", {href: place, download: `labels-${data.sample}-${data.coder}.json`});
  link.click();
  setTimeout(() => URL.revokeObjectURL(place), 1000);
  say("Saved: send the file back.");
});
at("load").addEventListener("change", async () => {
  try {
    const found = JSON.parse(await at("load").files[0].text());
    if (found.format !== data.format || found.sample !== data.sample || found.coder !== data.coder || found.scheme_sha256 !== data.scheme_sha256)
      throw new Error("other");
    const known = new Set(data.units.map((one) => one.id));
    for (const {sample_id: id, values, note, at: time} of found.answers)
      if (known.has(id) && !((answers[id]?.at || "") > (time || ""))) answers[id] = {values, note: note || "", at: time || ""};
    keep();
    begin();
    say("The answers of the file are here.");
  } catch { say("That is no file of answers of this page."); }
  at("load").value = "";
});

function begin() {
  const open = data.units.findIndex((one) => !isDone(one.id));
  go(open < 0 ? data.units.length - 1 : open);
}
restore();
begin();
