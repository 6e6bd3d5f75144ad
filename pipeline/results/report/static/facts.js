'use strict';
// What stands beside the player: the post, sounds, evidence, voice, and where all of it comes from.

const MIXES = { left: 'the left one', right: 'the right one', difference: 'their difference, as they are in opposite phase', centre: 'the centre of surround sound' };

function drawFacts(clip, shared) {
  const { el, foreign, number, percent, because } = cliptone;
  const at = (id) => document.getElementById(id);
  const { post, overview, audio } = clip;
  const why = overview.tone_reason || (overview.problem ? null : 'pending');
  const known = (value) => value !== null && value !== undefined && value !== '';

  // Pairs of a name and a value; unknown values are left out unless they have a reason.
  function list(pairs) {
    const shown = pairs.filter(([, value]) => known(value));
    return el('dl', { class: 'facts' }, ...shown.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]));
  }

  function table(heads, rows) {
    const head = el('tr', {}, ...heads.map((name) => el('th', { scope: 'col' }, name)));
    const body = rows.map((cells) => el('tr', {}, ...cells.map((cell) => el('td', {}, cell ?? '–'))));
    const whole = el('table', {}, el('thead', {}, head), el('tbody', {}, ...body));
    return el('div', { class: 'scroll' }, whole);
  }

  const valued = (value, reason, digits) => (known(value) ? (typeof value === 'number' ? number(value, digits) : value) : because(reason, shared.reasons));

  function aboutPost() {
    at('post').append(
      list([
        ['tone', overview.tone ? el('span', {}, cliptone.tone(overview.tone, overview.certainty), ` (${number(overview.tone_probability)})`) : because(why, shared.reasons)],
        ['state', overview.problem || overview.status],
        ['platform', post.platform],
        ['URL', post.url && cliptone.link(post.url)],
        ['posted', post.posted_at],
        ['author', post.author_key && foreign(post.author_key)],
        ['sound', post.sound_title && foreign([post.sound_title, post.sound_artist].filter(Boolean).join(', '))],
        ['language', overview.language && `${overview.language} (${percent(overview.language_probability)})`],
      ]),
    );
    if (!post.caption) return;
    at('post').append(el('p', { class: 'caption', dir: 'auto' }, foreign(post.caption)));
    if (post.caption_characters > post.caption.length) {
      at('post').append(el('p', { class: 'about' }, `Cut: the caption has ${post.caption_characters} characters; the database has all of them.`));
    }
  }

  function sounds() {
    if (!clip.tags.length) {
      at('tags').append(el('p', {}, because((clip.evidence[0] || {}).music_reason || (audio ? 'pending' : why), shared.reasons)));
      return;
    }
    const rows = clip.tags.slice(0, 12).map((tag) => [tag.tag, el('meter', { min: 0, max: 1, value: tag.mean_score, 'aria-label': `mean score of ${tag.tag}` }), number(tag.mean_score), `${number(tag.max_score)} at ${cliptone.clock(tag.max_at_s)}`]);
    at('tags').append(table(['sound', '', 'mean score', 'highest'], rows));
  }

  function evidence() {
    const first = clip.evidence[0] || {};
    at('evidence').append(list([
      ['speech', known(first.speech_s) ? `${number(first.speech_s, 1)} s, ${percent(first.speech_share)} of the clip` : null],
      ['music heard in', known(first.music_share) ? percent(first.music_share) : first.music_reason && because(first.music_reason, shared.reasons)],
      ['singing heard in', known(first.singing_share) ? percent(first.singing_share) : null],
      ['signal to noise', known(first.snr_db) ? `${number(first.snr_db, 1)} dB` : null],
      ['words cover', known(first.words_share) ? `${percent(first.words_share)} of the speech` : null],
      ['length', audio && `${number(audio.duration_s, 1)} s`],
      ['sound starts at', audio && audio.start_s >= 0.1 ? cliptone.clock(audio.start_s) : null],
      ['no sound in the file for', audio && audio.gap_s > 0 ? `${number(audio.gap_s, 1)} s` : null],
      ['damaged sound', audio && audio.damaged_s > 0 ? `${number(audio.damaged_s, 1)} s` : null],
      ['tracks of sound', audio && audio.audio_tracks > 1 ? `${audio.audio_tracks}, number ${audio.audio_track + 1} is heard here` : null],
      ['channels', audio && known(audio.mix) && !['mono', 'mean'].includes(audio.mix) ? MIXES[audio.mix] || audio.mix : null],
      ['loudness', audio && known(audio.loudness_lufs) ? `${number(audio.loudness_lufs, 1)} LUFS` : null],
      ['clipped samples', audio && percent(audio.clipping_share)],
      ...clip.texts.map((row) => [`sentiment, ${row.channel}`, valued(row.sentiment, row.sentiment_reason)]),
    ]));
    const rows = clip.tones.map((row) => [row.model, row.tone ? el('span', {}, cliptone.tone(row.tone, row.certainty), ` ${number(row.tone_probability)}`) : because(row.tone_reason, shared.reasons), `${row.regions_scored} of ${row.regions} regions`]);
    if (rows.length) at('evidence').append(table(['model', 'tone of the clip', 'scored'], rows));
  }

  function voice() {
    if (!clip.acoustics.length) {
      at('voice').append(el('p', {}, because(overview.speech_s === 0 ? 'no_speech' : why, shared.reasons)));
      return;
    }
    const heads = ['region', 'time', 'F0 median, Hz', 'F0 range, semitones', 'intensity, dB', 'syllables per s', 'harmonics to noise, dB'];
    at('voice').append(table(heads, clip.acoustics.map((row) => {
      const region = clip.regions.find((other) => other.region === row.region);
      const digits = [['f0_median_hz', 0], ['f0_range_semitones', 1], ['intensity_mean_db', 1], ['syllable_rate_hz', 1], ['hnr_db', 1]];
      const time = region ? `${cliptone.clock(region.start_s)}–${cliptone.clock(region.end_s)}` : '–';
      return [String(row.region), time, ...digits.map(([name, places]) => (known(row[name]) || row.reason ? valued(row[name], row.reason, places) : '–'))];
    })));
  }

  function origin() {
    const steps = clip.attempts.map((row) => [row.stage, row.status === 'failed' ? el('span', {}, because(row.reason, shared.reasons), ' ', foreign(row.message || '')) : row.status, row.finished_at, el('code', {}, row.fingerprint)]);
    at('origin').append(table(['stage', 'last attempt', 'ended (UTC)', 'configuration'], steps));
    const named = clip.provenance.map((row) => [foreign(row.source), row.format, known(row.file_row) ? String(row.file_row) : '–', row.first_seen_at]);
    if (named.length) at('origin').append(table(['source', 'format', 'row', 'first seen (UTC)'], named));
  }

  aboutPost();
  sounds();
  evidence();
  voice();
  origin();
}
