'use strict';
// The charts of the first page, drawn with Observable Plot; each has its numbers in a table beside it.

(async () => {
  const rows = await cliptone.value('overview');
  const { el, percent, number } = cliptone;
  const colour = { domain: Object.keys(rows.colours), range: Object.values(rows.colours) };
  const share = { domain: [0, 1], tickFormat: (value) => `${Math.round(value * 100)} %`, label: null };
  const plain = { fill: 'var(--link)' };
  const drawings = [];

  // Draw into a figure, and again when its width changes; without rows say so.
  function chart(id, present, options) {
    const place = document.querySelector(`#${id} .drawing`);
    if (!present) {
      place.replaceChildren(el('p', { class: 'about' }, 'Unknown: no clip has what this needs yet.'));
      return;
    }
    const title = document.getElementById(`${id}-title`).textContent;
    const draw = () => {
      const width = Math.max(260, place.clientWidth);
      place.replaceChildren(
        Plot.plot({ className: 'chart', width, style: { fontSize: '12px' }, ariaLabel: title, ...options(width) }),
      );
    };
    drawings.push(draw);
    draw();
  }

  const band = (names, width) => ({
    y: { domain: names, label: null, tickFormat: (name) => (name.length > 30 ? `${name.slice(0, 29)}…` : name) },
    marginLeft: Math.min(190, width * 0.45),
    marginRight: 48,
    height: 30 + 26 * names.length,
  });

  function counts(names, found, name, count, width) {
    return {
      ...band(names, width),
      x: { label: null, grid: true, ticks: 4, tickFormat: 'd' },
      marks: [
        Plot.barX(found, { y: name, x: count, ...plain, title: (row) => `${row[name]}: ${row[count]}` }),
        Plot.text(found, { y: name, x: count, text: (row) => String(row[count]), dx: 4, textAnchor: 'start' }),
      ],
    };
  }

  function histogram(id, { edges, counts: found, unknown }, unit) {
    const bins = found.map((clips, place) => {
      const top = edges[place + 1] > 1e8 ? '+' : `–${edges[place + 1] * unit.times}`;
      return { name: `${edges[place] * unit.times}${top}${unit.name}`, clips };
    });
    if (unknown) bins.push({ name: 'unknown', clips: unknown });
    chart(id, bins.some((bin) => bin.clips), () => ({
      height: 210,
      marginBottom: 58,
      x: { domain: bins.map((bin) => bin.name), label: null, tickRotate: -40 },
      y: { label: 'clips', grid: true, ticks: 4 },
      marks: [Plot.barY(bins, { x: 'name', y: 'clips', ...plain, title: (bin) => `${bin.name}: ${bin.clips} clips` })],
    }));
  }

  function losses() {
    chart('funnel', rows.funnel.length, (width) => counts(rows.funnel.map((row) => row.step), rows.funnel, 'step', 'clips', width));
    const spoken = rows.languages.slice(0, 12);
    chart('languages', spoken.length, (width) => counts(spoken.map((row) => row.language), spoken, 'language', 'clips', width));
    histogram('speech', rows.evidence.speech_s, { times: 1, name: ' s' });
    histogram('music', rows.evidence.music_share, { times: 100, name: ' %' });
    const states = rows.evidence.states.map((row) => ({
      ...row,
      model: row.model || 'no model',
      name: row.reason ? rows.reasons[row.reason] || row.reason : (row.status || 'unknown').replace('_', ' '),
    }));
    const names = [...new Set(states.map((row) => row.name))];
    const models = new Set(states.map((row) => row.model)).size;
    chart('evidence-states', states.length, (width) => ({
      ...counts(names, states, 'name', 'clips', width),
      fy: models > 1 ? { label: null } : undefined,
      height: (30 + 26 * names.length) * models,
      marks: [
        Plot.barX(states, { y: 'name', x: 'clips', fy: models > 1 ? 'model' : undefined, ...plain }),
        Plot.text(states, {
          y: 'name', x: 'clips', fy: models > 1 ? 'model' : undefined, text: (row) => String(row.clips), dx: 4, textAnchor: 'start',
        }),
      ],
    }));
  }

  // A group's mean less that of the study, with its interval; beside each other by tone.
  const less = { tickFormat: (value) => `${value > 0 ? '+' : ''}${number(value)}`, label: null, grid: true, ticks: 5 };
  const told = (name, row) => `${name}, ${row.tone}, ${row.model}: ${row.difference > 0 ? '+' : ''}${number(row.difference)} over ${row.clips_scored} clips`;

  function tones() {
    const models = [...new Set([...rows.hashtags, ...rows.weeks].map((row) => row.model))];
    const shares = rows.shares.filter((row) => row.share !== null);
    if (rows.shares.length) {
      chart('shares', shares.length, (width) => ({
        ...band([...new Set(shares.map((row) => row.tone))], width),
        height: 40 + 34 * shares.length,
        x: { ...share, grid: true, ticks: width < 400 ? 3 : 5 },
        color: colour,
        marks: [
          Plot.link(shares, { y1: 'tone', y2: 'tone', x1: 'share_low', x2: 'share_high', stroke: 'tone', strokeWidth: 4 }),
          Plot.dot(shares, { y: 'tone', x: 'share', fill: 'tone', r: 5, title: (row) => `${row.tone}: ${percent(row.share)}, corrected by ${row.labelled} labels` }),
          Plot.text(shares, { y: 'tone', x: 'share_high', text: (row) => percent(row.share), dx: 6, textAnchor: 'start' }),
        ],
      }));
    }
    const weeks = rows.weeks.filter((row) => row.model === models[0]).map((row) => ({ ...row, week: new Date(`${row.week}T00:00:00Z`) }));
    const drawn = weeks.filter((row) => row.low !== null);
    const labels = [...new Set(weeks.map((row) => row.tone))];
    chart('weeks', weeks.length, () => ({
      height: 40 + 90 * labels.length,
      marginLeft: 52,
      marginRight: 60,
      x: { type: 'utc', label: null, ticks: 4 },
      y: { ...less, ticks: 3 },
      fy: { domain: labels, label: null },
      color: colour,
      marks: [
        Plot.ruleY([0], { stroke: 'currentColor', strokeDasharray: '2 3' }),
        Plot.line(drawn, { x: 'week', y: 'difference', fy: 'tone', stroke: 'tone' }),
        Plot.ruleX(drawn, { x: 'week', y1: 'low', y2: 'high', fy: 'tone', stroke: 'tone', strokeWidth: 2.5 }),
        Plot.dot(weeks, { x: 'week', y: 'difference', fy: 'tone', fill: 'tone', r: 3, title: (row) => told(row.week.toISOString().slice(0, 10), row) }),
      ],
    }));
    const first = rows.hashtags.filter((row) => row.model === models[0]);
    const tags = [...new Set(first.map((row) => row.hashtag))];
    const names = [...new Set(first.map((row) => row.tone))];
    chart('hashtags', first.length, (width) => ({
      ...band(tags, width),
      y: { ...band(names, width).y, axis: null },
      fy: { domain: tags, label: null, tickFormat: (name) => (name.length > 30 ? `${name.slice(0, 29)}…` : name), axis: 'left' },
      height: 40 + (14 + 12 * names.length) * tags.length,
      x: less,
      color: colour,
      marks: [
        Plot.ruleX([0], { stroke: 'currentColor', strokeDasharray: '2 3' }),
        Plot.link(first.filter((row) => row.low !== null), { x1: 'low', x2: 'high', y1: 'tone', y2: 'tone', fy: 'hashtag', stroke: 'tone', strokeWidth: 2.5 }),
        Plot.dot(first, { x: 'difference', y: 'tone', fy: 'hashtag', fill: 'tone', r: 3, title: (row) => told(`#${row.hashtag}`, row) }),
      ],
    }));
  }

  function moments() {
    const body = document.querySelector('#moments tbody');
    if (!body) return;
    for (const moment of rows.moments) {
      const url = cliptone.clipUrl(moment.clip_id, moment.shard, moment.jump_to_s);
      const name = moment.file_name || moment.clip_id;
      body.append(el('tr', {},
        el('td', {}, moment.tone), el('td', {}, number(moment.probability)),
        el('td', { class: 'name' }, el('a', { href: url }, cliptone.foreign(name), ` at ${cliptone.clock(moment.jump_to_s)}`)),
        el('td', { class: 'text' }, moment.text === null ? '–' : cliptone.foreign(moment.text)),
      ));
    }
  }

  losses();
  tones();
  moments();
  let width = window.innerWidth;
  window.addEventListener('resize', () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    drawings.forEach((draw) => draw());
  });
})();
