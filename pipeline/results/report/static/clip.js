'use strict';
// The page of one clip: its URL names the shard, the clip, and a second to begin at.

(async () => {
  const { el, foreign } = cliptone;
  const at = (id) => document.getElementById(id);
  const CLIP_HASH = /^#([0-9a-f]{1,8}|all)\/([^/]+)(?:\/(\d+(?:\.\d+)?))?$/;

  function trouble(sentence) {
    at('trouble').textContent = sentence;
    at('trouble').hidden = false;
    document.querySelectorAll('#clip > section, #clip > .charts').forEach((part) => { part.hidden = true; });
    at('clip').setAttribute('aria-busy', 'false');
  }

  const found = CLIP_HASH.exec(location.hash);
  window.addEventListener('hashchange', () => location.reload());
  if (!found) return trouble('This URL names no clip: choose one in the table of clips.');
  const [, shard, name, second] = found;
  let clip;
  try {
    const pages = await cliptone.load(`rows/clips-${shard}.js`, `clips-${shard}`);
    clip = Object.hasOwn(pages, decodeURIComponent(name)) ? pages[decodeURIComponent(name)] : null;
  } catch {
    clip = null;
  }
  if (!clip) return trouble('This clip is not in the report any more: it was rebuilt since, or the clip was deleted.');

  const shared = await cliptone.value('shared');
  const curves = clip.media.curves ? await cliptone.load(clip.media.curves, 'curves').catch(() => null) : null;
  const heading = clip.overview.file_name || clip.clip_id;
  document.title = `${heading} · ${shared.study} · cliptone`;
  at('title').replaceChildren(foreign(heading));
  const player = makePlayer(clip.media, curves, clip.audio ? clip.audio.duration_s : 0);
  drawTracks(clip, curves, shared, player);
  drawTranscript(clip, shared, player);
  drawFacts(clip, shared);
  const labels = new Set(clip.emotions.flatMap((row) => Object.keys(row.probabilities || {})));
  for (const [label, colour] of Object.entries(shared.colours).filter(([label]) => labels.has(label))) {
    const box = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const patch = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    [['width', 12], ['height', 12]].forEach(([name, value]) => { box.setAttribute(name, value); patch.setAttribute(name, value); });
    box.setAttribute('aria-hidden', 'true');
    patch.setAttribute('fill', colour);
    box.append(patch);
    at('key').append(el('li', {}, box, ` ${label}`));
  }
  if (second) player.seek(Number(second));
  at('clip').setAttribute('aria-busy', 'false');
})();
