// Keys for the desk. Every page works without this file.
(() => {
  'use strict';
  const root = document.documentElement;
  const $ = (s) => document.querySelector(s);
  const items = [...document.querySelectorAll('.item')];
  const store = 'veghe.list'; // the ids of the last results, to go on from a post

  const read = () => {
    try { return JSON.parse(sessionStorage.getItem(store)) || []; } catch { return []; }
  };
  if (items.length) {
    try {
      sessionStorage.setItem(store, JSON.stringify(items.map((i) => i.querySelector('.open').getAttribute('href'))));
    } catch { /* private mode: j and k stay on this page */ }
  }

  let at = -1;
  const select = (i) => {
    if (!items.length) return;
    items[at]?.classList.remove('at');
    at = Math.max(0, Math.min(items.length - 1, i));
    items[at].classList.add('at');
    const link = items[at].querySelector('.open');
    link.focus({ preventScroll: true });
    items[at].scrollIntoView({ block: 'nearest' });
  };
  document.addEventListener('focusin', (e) => {
    const i = items.indexOf(e.target.closest?.('.item'));
    if (i >= 0 && i !== at) { items[at]?.classList.remove('at'); at = i; items[at].classList.add('at'); }
  });

  // On a post's page j and k go to its neighbours in the results.
  const neighbour = (step) => {
    const list = read();
    const path = (h) => h.split('?')[0];
    const i = list.findIndex((h) => path(h) === location.pathname);
    const to = i < 0 ? undefined : list[i + step];
    if (to) location.assign(to);
  };
  const move = (step) => (items.length ? select(at + step) : neighbour(step));

  // How many posts are ticked is said, not only shown.
  const picked = () => {
    const n = document.querySelectorAll('.tick input:checked').length;
    const said = $('#picked');
    if (said) said.textContent = n ? String(n) : '';
  };
  document.addEventListener('change', (e) => { if (e.target.closest?.('.tick')) picked(); });

  const help = $('#keys');
  const actions = {
    // On release, so that the slash itself is never typed.
    '/': () => document.addEventListener('keyup', () => { $('#q')?.focus(); $('#q')?.select(); }, { once: true }),
    j: () => move(1),
    k: () => move(-1),
    o: () => items[at]?.querySelector('.open').click(),
    b: () => $('#back')?.click(),
    x: () => { const box = items[at]?.querySelector('.tick input'); if (box) { box.checked = !box.checked; picked(); } },
    '?': () => help?.showModal(),
  };
  document.addEventListener('keydown', (e) => {
    if (root.dataset.keys === 'off' || e.ctrlKey || e.metaKey || e.altKey || e.repeat && !'jk'.includes(e.key)) return;
    if (e.key === 'Escape' && e.target.matches?.('input')) { e.target.blur(); return; }
    if (e.target.matches?.('input, textarea, select') || help?.open) return;
    const review = document.querySelector(`button[data-key="${CSS.escape(e.key)}"]`);
    const act = review ? () => review.click() : actions[e.key];
    if (!act) return;
    e.preventDefault();
    act();
  });
})();
