'use strict';
// The table of clips: sorted and filtered here, fifty lines at a time.

(async () => {
  const { el, foreign, number, percent } = cliptone;
  const { columns, lines } = await cliptone.value('table');
  const { reasons } = await cliptone.value('overview');
  const at = Object.fromEntries(columns.map((name, place) => [name, place]));
  const PAGE = 50;
  const SEARCHED = ['clip_id', 'text', 'caption', 'hashtags', 'author_key', 'file_name', 'problem'];
  const SELECTS = ['tone', 'certainty', 'tone_reason', 'language', 'platform', 'status'];
  const texts = lines.map((line) => SEARCHED.map((name) => line[at[name]] ?? '').join(' ').toLowerCase());
  const form = document.getElementById('filters');
  const order = { name: 'clip_id', down: false };
  let chosen = [];
  let page = 0;

  const because = (line, name) => el('span', { class: 'why' }, reasons[line[at[name]]] || line[at[name]] || 'unknown');
  const text = (line, name, why) => {
    const found = line[at[name]];
    return found === null ? (why ? because(line, why) : '–') : el('span', { class: 'clamp' }, foreign(found));
  };
  // Columns of the table: heading, what sorts it, what a cell shows, its class.
  const SHOWN = [
    ['clip', 'clip_id', name, 'name'],
    ['tone', 'tone', tone, 'tone'],
    ['probability', 'tone_probability', (line) => number(line[at.tone_probability]), 'number'],
    ['what was said', 'text', (line) => text(line, 'text', 'text_reason'), 'text'],
    ['language', 'language', (line) => line[at.language] ?? '–', 'wide-only'],
    ['speech, s', 'speech_s', (line) => number(line[at.speech_s], 1), 'number wide-only'],
    ['music', 'music_share', (line) => percent(line[at.music_share]), 'number wide-only'],
    ['LUFS', 'loudness_lufs', (line) => number(line[at.loudness_lufs], 1), 'number wide-only'],
    ['sentiment', 'sentiment', (line) => number(line[at.sentiment]), 'number wide-only'],
    ['caption', 'caption', (line) => text(line, 'caption'), 'text wide-only'],
    ['author', 'author_key', (line) => (line[at.author_key] ? foreign(line[at.author_key].slice(0, 8)) : '–'), 'wide-only'],
    ['posted', 'posted_at', (line) => (line[at.posted_at] ?? '–').slice(0, 10), 'date wide-only'],
    ['state', 'status', state, 'wide-only'],
  ];

  function name(line) {
    const url = cliptone.clipUrl(line[at.clip_id], line[at.shard]);
    return el('a', { href: url }, foreign(line[at.file_name] || line[at.clip_id]));
  }

  function tone(line) {
    return line[at.tone] !== null ? cliptone.tone(line[at.tone], line[at.certainty]) : (line[at.tone_reason] ? because(line, 'tone_reason') : el('span', { class: 'why' }, 'pending'));
  }

  function state(line) {
    return line[at.problem] ? el('span', { class: 'why' }, line[at.problem]) : line[at.status];
  }

  function heads() {
    const cells = SHOWN.map(([title, name, , kind]) => {
      const sort = order.name === name ? (order.down ? 'descending' : 'ascending') : null;
      const button = el('button', { type: 'button', onclick: () => sortBy(name) }, title);
      return el('th', { scope: 'col', class: kind, 'aria-sort': sort, 'data-sort': name }, button);
    });
    document.querySelector('#table thead').replaceChildren(el('tr', {}, ...cells));
  }

  function show() {
    const rows = chosen.slice(page * PAGE, (page + 1) * PAGE).map((place) => {
      const cells = SHOWN.map(([, , cell, kind]) => el('td', { class: kind }, cell(lines[place])));
      return el('tr', {}, ...cells);
    });
    document.querySelector('#table tbody').replaceChildren(...rows);
    const pages = Math.max(1, Math.ceil(chosen.length / PAGE));
    document.getElementById('count').textContent = `${chosen.length} of ${lines.length} clips`;
    document.getElementById('page').textContent = `page ${page + 1} of ${pages}`;
    document.getElementById('before').disabled = page === 0;
    document.getElementById('after').disabled = page + 1 >= pages;
  }

  // Unknown values stand at the end in both directions.
  function compare(one, two) {
    const [left, right] = [lines[one][at[order.name]], lines[two][at[order.name]]];
    if (left === right) return one - two;
    if (left === null) return 1;
    if (right === null) return -1;
    return (left < right ? -1 : 1) * (order.down ? -1 : 1);
  }

  function filter() {
    const asked = new FormData(form);
    const words = asked.get('words').toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = SELECTS.filter((name) => asked.get(name)).map((name) => [at[name], asked.get(name)]);
    chosen = [];
    for (let place = 0; place < lines.length; place += 1) {
      if (wanted.every(([column, value]) => lines[place][column] === value) && words.every((word) => texts[place].includes(word))) {
        chosen.push(place);
      }
    }
    chosen.sort(compare);
    page = 0;
    show();
  }

  function sortBy(name) {
    order.down = order.name === name ? !order.down : false;
    order.name = name;
    chosen.sort(compare);
    page = 0;
    heads();
    show();
    document.querySelector(`th[data-sort="${name}"] button`).focus();
  }

  function options() {
    for (const name of SELECTS) {
      const found = [...new Set(lines.map((line) => line[at[name]]))].filter((value) => value !== null).sort();
      form.elements[name].append(...found.map((value) => el('option', { value }, reasons[value] && name === 'tone_reason' ? reasons[value] : value)));
    }
  }

  function turn(pages) {
    page += pages;
    show();
    document.getElementById('clips').scrollIntoView();
  }

  options();
  heads();
  filter();
  form.addEventListener('input', filter);
  form.addEventListener('reset', () => setTimeout(filter));
  form.addEventListener('submit', (event) => event.preventDefault());
  document.getElementById('before').addEventListener('click', () => turn(-1));
  document.getElementById('after').addEventListener('click', () => turn(1));
  document.documentElement.dataset.table = 'ready';
})();
