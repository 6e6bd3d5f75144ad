'use strict';
// Curves along the time of a clip, on one axis with the waveform: tone by model, F0, intensity, spectrogram.

function drawTracks(clip, curves, shared, player) {
  const { el } = cliptone;
  const GAP_S = 0.3; // shorter silences between regions are not hatched
  const RANGE_DB = 60; // of intensity, below the loudest
  const NAME_PX = 70; // a hatched span that is narrower has its reason in its title alone
  const at = (id) => document.getElementById(id);
  const tracks = at('tracks');
  const seconds = clip.audio ? clip.audio.duration_s : 0;
  const gutter = () => parseFloat(getComputedStyle(at('f0-track')).paddingLeft);

  // Spans without a tone: regions without a score, and time in which nobody speaks.
  function spansOf(model) {
    const scores = clip.emotions.filter((row) => row.model === model);
    const spans = clip.regions.map((region) => {
      const score = scores.find((row) => row.region === region.region);
      const scored = score && score.status === 'scored';
      return { ...region, score: scored ? score : null, reason: scored ? null : (score && score.reason) || 'not_scored' };
    });
    const edges = [0, ...spans.flatMap((span) => [span.start_s, span.end_s]), seconds];
    for (let place = 0; place < edges.length; place += 2) {
      const [start, end] = [edges[place], edges[place + 1]];
      if (end - start >= GAP_S) spans.push({ start_s: start, end_s: end, score: null, reason: 'no_speech' });
    }
    return spans.sort((one, two) => one.start_s - two.start_s);
  }

  function frame(height, label, marks, y) {
    const left = gutter();
    return Plot.plot({
      className: 'chart', width: tracks.clientWidth, height, marginLeft: left, marginRight: 0, marginTop: 4, marginBottom: 4,
      ariaLabel: label, style: { fontSize: '11px' }, x: { domain: [0, seconds], axis: null },
      y: { label: null, grid: true, insetTop: 1, ...y }, color: { domain: Object.keys(shared.colours), range: Object.values(shared.colours) },
      marks,
    });
  }

  function hatched(svg, model) {
    const pattern = document.createElementNS('http://www.w3.org/2000/svg', 'pattern');
    const attributes = { id: `hatch-${model}`, width: 7, height: 7, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' };
    Object.entries(attributes).forEach(([name, value]) => pattern.setAttribute(name, value));
    const stripe = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    Object.entries({ width: 2, height: 7, fill: 'currentColor', 'fill-opacity': 0.35 }).forEach(([name, value]) => stripe.setAttribute(name, value));
    pattern.append(stripe);
    svg.prepend(pattern);
  }

  function toneTrack(model, number) {
    const spans = spansOf(model);
    const parts = spans.filter((span) => span.score).flatMap((span) => {
      let below = 0;
      return Object.entries(span.score.probabilities).sort().map(([label, probability]) => {
        below += probability;
        return { ...span, label, probability, low: below - probability, high: below };
      });
    });
    const missing = spans.filter((span) => !span.score);
    const wide = (span) => ((span.end_s - span.start_s) / seconds) * (tracks.clientWidth - gutter()) > NAME_PX;
    const title = (span) => `${cliptone.clock(span.start_s)} to ${cliptone.clock(span.end_s)}: no tone, ${shared.reasons[span.reason] || span.reason}`;
    const svg = frame(72, `Tone over time by ${model}; the table below has the same`, [
      Plot.rect(parts, { x1: 'start_s', x2: 'end_s', y1: 'low', y2: 'high', fill: 'label', title: (part) => `${part.label} ${part.probability.toFixed(2)}, ${cliptone.clock(part.start_s)} to ${cliptone.clock(part.end_s)}` }),
      Plot.rect(missing, { x1: 'start_s', x2: 'end_s', y1: 0, y2: 1, fill: `url(#hatch-${number})`, fillOpacity: (span) => (span.reason === 'no_speech' ? 0.5 : 1), title, className: 'missing' }),
      Plot.text(missing.filter(wide), { x: (span) => (span.start_s + span.end_s) / 2, y: 0.5, text: 'reason', fill: 'currentColor', stroke: 'var(--ground)', strokeWidth: 4 }),
    ], { domain: [0, 1], ticks: [0, 1] });
    hatched(svg, number);
    return el('div', { class: 'track', 'data-model': model }, el('span', { class: 'name' }, `tone, ${model}`), svg);
  }

  function curve(id, values, unit, options) {
    const place = at(id);
    const points = values.map((value, number) => ({ time: number * curves.step_s, value }));
    if (!points.some((point) => point.value !== null)) {
      place.replaceChildren(el('p', { class: 'about' }, `No ${unit} was found.`));
      return;
    }
    place.replaceChildren(frame(80, `${unit} over time`, [
      Plot.line(points, { x: 'time', y: 'value', stroke: 'var(--link)', strokeWidth: 1.5 }),
    ], { ticks: 3, ...options }));
  }

  function draw() {
    if (tracks.clientWidth <= gutter()) return; // a page that is not shown has no width
    at('tone-tracks').replaceChildren(...[...new Set(clip.tones.map((row) => row.model))].map(toneTrack));
    ['waveform-track', 'spectrogram-track', 'f0-track', 'intensity-track'].forEach((id) => { at(id).hidden = !curves; });
    if (curves) {
      at('spectrogram').src = curves.spectrogram;
      curve('f0', curves.f0_hz, 'pitch (F0)', { type: 'log', domain: curves.pitch_range_hz, ticks: [100, 200, 400], tickFormat: 'd' });
      const top = Math.max(...curves.intensity_db.filter((level) => level !== null));
      curve('intensity', curves.intensity_db, 'intensity', { domain: [top - RANGE_DB, top], clamp: true });
    }
  }

  // The same for readers of tables: every region and gap with its tone or its reason.
  function table() {
    const rows = [...new Set(clip.tones.map((row) => row.model))].flatMap((model) => spansOf(model).map((span) => el('tr', {},
      el('td', {}, model), el('td', {}, `${cliptone.clock(span.start_s)}–${cliptone.clock(span.end_s)}`),
      el('td', {}, span.score ? cliptone.tone(span.score.label, span.score.certainty) : cliptone.because(span.reason, shared.reasons)),
      el('td', { class: 'number' }, span.score ? span.score.probability.toFixed(2) : '–'),
    )));
    const heads = ['model', 'time', 'tone', 'probability'].map((name) => el('th', { scope: 'col' }, name));
    at('tone-table').querySelector('.scroll').replaceChildren(
      el('table', {}, el('thead', {}, el('tr', {}, ...heads)), el('tbody', {}, ...rows)),
    );
  }

  function seekHere(event) {
    const box = tracks.getBoundingClientRect();
    const place = (event.clientX - box.left - gutter()) / (box.width - gutter());
    if (place >= 0 && !event.target.closest('#waveform')) player.seek(place * seconds);
  }

  tracks.hidden = !seconds;
  at('no-curves').hidden = Boolean(curves) || !seconds;
  at('no-curves').textContent = 'Waveform, spectrogram, F0 and intensity are missing: they are drawn from the decoded audio, which was not kept.';
  if (!seconds) return;
  draw();
  table();
  tracks.addEventListener('click', seekHere);
  window.addEventListener('resize', draw);
  player.follow((time) => {
    const width = tracks.clientWidth - gutter();
    at('cursor').style.left = `${gutter() + Math.min(1, time / seconds) * width}px`;
  });
}
