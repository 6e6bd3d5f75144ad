'use strict';
// The player of a clip: sound or video, the waveform, and everything that follows or moves the time.

function makePlayer(media, curves, seconds) {
  const { clock } = cliptone;
  const WAVE_PX = 72; // the style that the library writes depends on it, see policy.py
  const JUMP_S = 2;
  const STEP_S = 0.05; // of the tick while it plays
  const listeners = [];
  const at = (id) => document.getElementById(id);
  const sound = media.video ? at('video') : new Audio();
  let until = null;

  if (media.play) {
    sound.preload = 'metadata';
    const url = location.protocol === 'file:' ? media.play : media.served || media.play;
    const escaped = (part) => (part === '..' ? part : encodeURIComponent(part));
    sound.src = url.startsWith('file:') ? url : url.split('/').map(escaped).join('/');
    sound.addEventListener('error', () => unplayable());
  }
  at('video').hidden = !media.play || !media.video;
  at('player').hidden = !media.play;
  at('nothing-to-play').hidden = Boolean(media.play);
  at('nothing-to-play').textContent = media.reason || '';

  function unplayable() {
    at('player').hidden = true;
    at('nothing-to-play').hidden = false;
    at('nothing-to-play').textContent = 'It cannot be played: it was deleted or moved since this report was made, or this browser does not know its format.';
  }

  const limit = () => (Number.isFinite(sound.duration) ? sound.duration : seconds) || 0;

  function seek(time, play = false) {
    sound.currentTime = Math.max(0, Math.min(limit(), time));
    tell();
    if (play && media.play) sound.play();
  }

  function toggle() {
    if (sound.paused) sound.play();
    else sound.pause();
  }

  function tell() {
    const time = sound.currentTime;
    at('seek').value = time;
    at('seek').setAttribute('aria-valuetext', clock(time));
    at('time').textContent = `${clock(time)} of ${clock(limit())}`;
    listeners.forEach((listener) => listener(time));
  }

  function tick() {
    tell();
    until = sound.paused ? null : setTimeout(tick, STEP_S * 1000);
  }

  function drawWave() {
    if (!curves) return;
    at('waveform').replaceChildren();
    const wave = WaveSurfer.create({
      container: at('waveform'), height: WAVE_PX, peaks: [curves.peaks], duration: curves.duration_s,
      waveColor: getComputedStyle(at('waveform')).color, progressColor: '#0072B2',
      cursorWidth: 0, normalize: true, media: media.play ? sound : undefined, hideScrollbar: true,
    });
    wave.on('interaction', (time) => seek(time));
  }

  sound.addEventListener('play', () => { at('play').textContent = 'Pause'; if (!until) tick(); });
  sound.addEventListener('pause', () => { at('play').textContent = 'Play'; tell(); });
  sound.addEventListener('seeked', tell);
  sound.addEventListener('loadedmetadata', () => { at('seek').max = limit(); tell(); });
  at('seek').max = seconds || 0;
  at('seek').addEventListener('input', (event) => seek(Number(event.target.value)));
  at('play').addEventListener('click', toggle);
  at('back').addEventListener('click', () => seek(sound.currentTime - JUMP_S));
  at('on').addEventListener('click', () => seek(sound.currentTime + JUMP_S));
  at('speed').addEventListener('change', (event) => { sound.playbackRate = Number(event.target.value); });
  drawWave();
  tell();

  const keys = { ' ': toggle, j: () => seek(sound.currentTime - JUMP_S), l: () => seek(sound.currentTime + JUMP_S) };
  document.addEventListener('keydown', (event) => {
    const busy = event.target.closest('input, select, button, summary, a');
    if (busy || event.ctrlKey || event.metaKey || event.altKey || !media.play || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  return { seek, follow: (listener) => { listeners.push(listener); listener(sound.currentTime); }, time: () => sound.currentTime };
}
