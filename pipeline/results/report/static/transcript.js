'use strict';
// The transcript: the word that is said is marked, a click on a word or a time plays from there.

function drawTranscript(clip, shared, player) {
  const { el, clock } = cliptone;
  const LEAD_S = 0.01; // a seek that ends a hair before its word still marks it
  const place = document.getElementById('transcript');
  const words = clip.words.map(([word, start, end, segment]) => ({ word, start, end, segment }));
  let now = null;

  function wordsOf(segment) {
    const inside = words.filter((word) => word.segment === segment.segment);
    if (!inside.length) return [segment.text];
    let from = 0; // of the phrase, which knows where spaces are: not every script has them
    const parts = inside.flatMap((word) => {
      const place = segment.text.indexOf(word.word, from);
      const between = place < 0 ? ' ' : segment.text.slice(from, place);
      from = place < 0 ? from : place + word.word.length;
      word.element = el('span', { class: 'word', onclick: () => player.seek(word.start, true) }, word.word);
      return [between, word.element];
    });
    return [...parts, segment.text.slice(from)];
  }

  function row(segment) {
    const doubtful = segment.in_text === false;
    const trust = segment.trust === null || segment.trust === undefined ? '' : `trust ${segment.trust.toFixed(2)}`;
    return el('div', { class: doubtful ? 'segment doubtful' : 'segment' },
      el('button', { type: 'button', 'aria-label': `Play from ${clock(segment.start_s)}`, onclick: () => player.seek(segment.start_s, true) }, clock(segment.start_s)),
      el('div', {},
        el('p', { dir: 'auto', lang: segment.language }, ...wordsOf(segment)),
        el('span', { class: 'trust' }, doubtful ? `not trusted, ${trust}` : trust)),
    );
  }

  // The word at a time, or the last one before it.
  const wordAt = (time) => words.findLast((word) => word.start <= time + LEAD_S) || null;

  function mark(time) {
    const last = wordAt(time);
    const found = last && time < last.end + LEAD_S ? last : null;
    if (found === now) return;
    now?.element?.classList.remove('now');
    now?.element?.removeAttribute('aria-current');
    now = found;
    if (!now?.element) return;
    now.element.classList.add('now');
    now.element.setAttribute('aria-current', 'true');
    const [inner, outer] = [now.element.getBoundingClientRect(), place.getBoundingClientRect()];
    if (inner.top < outer.top || inner.bottom > outer.bottom) place.scrollTop += inner.top - outer.top - outer.height / 3;
  }

  function step(direction) {
    const current = words.indexOf(wordAt(player.time()));
    const next = words[Math.max(0, Math.min(words.length - 1, current + direction))];
    if (next) player.seek(next.start);
  }

  if (clip.segments.length) place.replaceChildren(...clip.segments.map(row));
  else place.replaceChildren(el('p', {}, 'No words: ', cliptone.because(clip.overview.text_reason, shared.reasons)));
  player.follow(mark);
  document.addEventListener('keydown', (event) => {
    if (event.target.closest('input, select') || event.ctrlKey || event.metaKey) return;
    if (event.key === '[') step(-1);
    if (event.key === ']') step(1);
  });
}
