'use strict';
// What every page needs: rows that scripts hand over, elements whose text is never markup, and the theme.

const cliptone = (() => {
  const values = new Map();
  const waiting = new Map();

  // A script of rows/ or sound/ hands its value over.
  function receive(name, value) {
    values.set(name, value);
    (waiting.get(name) || []).forEach((resolve) => resolve(value));
    waiting.delete(name);
  }

  // The value of that name, once its script has run.
  function value(name) {
    if (values.has(name)) return Promise.resolve(values.get(name));
    return new Promise((resolve) => waiting.set(name, [...(waiting.get(name) || []), resolve]));
  }

  // Load a script beside this page and give what it hands over; fails where the file is not there.
  function load(url, name) {
    values.delete(name);
    return new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = url;
      script.onerror = () => reject(new Error(`${url} is not there`));
      script.onload = () => (values.has(name) ? resolve(values.get(name)) : reject(new Error(`${url} is empty`)));
      document.head.append(script);
    });
  }

  // An element; strings become text, so markup in a caption stays text.
  function el(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, content] of Object.entries(attributes)) {
      if (content === null || content === undefined || content === false) continue;
      if (name.startsWith('on')) made.addEventListener(name.slice(2), content);
      else made.setAttribute(name, content === true ? '' : content);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  // Text that somebody else wrote: its direction, and marks that turn it, end with it.
  const foreign = (text) => el('bdi', { dir: 'auto' }, String(text));

  // A link to a URL that somebody else wrote; anything but the web stays text.
  function link(url) {
    if (!/^https?:\/\//i.test(url)) return foreign(url);
    return el('a', { href: url, rel: 'noreferrer noopener', target: '_blank' }, url);
  }

  const number = (value, digits = 2) => (value === null || value === undefined ? '–' : value.toFixed(digits));
  const percent = (value) => (value === null || value === undefined ? '–' : `${Math.round(100 * value)} %`);

  function clock(seconds) {
    const tenths = Math.max(0, Math.floor(seconds * 10 + 1e-6));
    const rest = tenths % 600;
    return `${Math.floor(tenths / 600)}:${String(Math.floor(rest / 10)).padStart(2, '0')}.${rest % 10}`;
  }

  // The page of a clip; `shard` is where its rows are.
  const clipUrl = (clipId, shard, seconds) =>
    `clip.html#${shard}/${encodeURIComponent(clipId)}${seconds === undefined ? '' : `/${seconds}`}`;

  // A tone, with a question mark where the model is unsure of it.
  const tone = (label, certainty) =>
    certainty === 'unsure' ? el('span', { title: 'the model is unsure: it cannot rule out other labels, or all of them' }, `${label}?`) : label;

  // Why a value is missing, as a sentence, with the word that the tables use.
  function because(reason, reasons) {
    return el('span', { class: 'why' }, reasons[reason] || 'unknown', ' ', el('code', {}, reason || 'no reason stored'));
  }

  function rememberedTheme() {
    try {
      return localStorage.getItem('cliptone-theme');
    } catch {
      return null; // storage can be off for pages from disk
    }
  }

  function showTheme(theme) {
    if (theme) document.documentElement.dataset.theme = theme;
    const dark = theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    document.getElementById('theme')?.setAttribute('aria-pressed', String(dark));
    document.dispatchEvent(new Event('themechange'));
  }

  function switchTheme() {
    const theme = document.getElementById('theme').getAttribute('aria-pressed') === 'true' ? 'light' : 'dark';
    try {
      localStorage.setItem('cliptone-theme', theme);
    } catch {
      // it is kept for this page alone
    }
    showTheme(theme);
  }

  document.getElementById('theme').addEventListener('click', switchTheme);
  showTheme(rememberedTheme());
  return { receive, value, load, el, foreign, link, number, percent, clock, clipUrl, tone, because };
})();
