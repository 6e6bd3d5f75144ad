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

  function tones() {
    const models = [...new Set(rows.tones.map((row) => row.model))];
    const known = rows.tones.filter((row) => row.low !== null);
    chart('tones', rows.tones.length, (width) => ({
      ...band([...new Set(rows.tones.map((row) => row.tone))], width),
      height: 40 + 34 * rows.tones.length,
      fy: models.length > 1 ? { label: null } : undefined,
      x: { ...share, grid: true, ticks: 5 },
      color: colour,
      marks: [
        Plot.barX(rows.tones, { y: 'tone', x: 'share', fy: models.length > 1 ? 'model' : undefined, fill: 'tone', title: (row) => `${row.tone}: ${percent(row.share)} of ${row.scored}` }),
        Plot.link(known, { y1: 'tone', y2: 'tone', x1: 'low', x2: 'high', fy: models.length > 1 ? 'model' : undefined, stroke: 'currentColor', strokeWidth: 2.5 }),
        Plot.text(rows.tones, { y: 'tone', x: (row) => Math.max(row.share, row.high ?? 0), fy: models.length > 1 ? 'model' : undefined, text: (row) => percent(row.share), dx: 6, textAnchor: 'start' }),
      ],
    }));
    const weeks = rows.weeks.map((row) => ({ ...row, week: new Date(`${row.week}T00:00:00Z`) }));
    chart('weeks', weeks.length, () => ({
      height: 240,
      marginLeft: 44,
      x: { type: 'utc', label: null, ticks: 4 },
      y: { ...share, grid: true, ticks: 4 },
      r: { range: [1.5, 6] },
      color: colour,
      marks: [
        Plot.line(weeks, { x: 'week', y: 'mean_probability', stroke: 'tone', z: (row) => `${row.model} ${row.tone}`, strokeDasharray: undefined }),
        Plot.dot(weeks, { x: 'week', y: 'mean_probability', r: 'clips_scored', fill: 'tone', title: (row) => `${row.tone}, ${row.model}: ${number(row.mean_probability)} over ${row.clips_scored} clips` }),
      ],
    }));
    const first = rows.hashtags.filter((row) => row.model === models[0]);
    const tags = [...new Set(first.map((row) => row.hashtag))];
    chart('hashtags', first.length, (width) => ({
      ...band(tags, width),
      x: { ...share, ticks: 4 },
      color: colour,
      marks: [
        Plot.barX(first, { y: 'hashtag', x: 'mean_probability', fill: 'tone', order: 'tone', title: (row) => `#${row.hashtag}, ${row.tone}: ${percent(row.mean_probability)} over ${row.clips_scored} clips` }),
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
