// Completes the search box from the list of fields on the page, and chooses
// days by dragging over the chart. Everything works without this file.
(() => {
  'use strict';
  const q = document.getElementById('q');
  const list = document.getElementById('build');
  const fold = (s) => s.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');

  // The ARIA pattern of an editable combobox with a list: focus stays in the
  // box, and Enter searches unless a suggestion was chosen with the arrows.
  const complete = () => {
    const fields = [...list.querySelectorAll('[data-field]')].map((d) => ({
      text: `${d.dataset.field}:`,
      label: d.querySelector('dt span').textContent,
      names: [d.dataset.field, d.querySelector('dt span').textContent].map(fold),
      values: [...d.querySelectorAll('[data-term]')].map((a) => ({
        text: a.dataset.term,
        label: a.textContent.trim(),
        names: [a.dataset.term.slice(d.dataset.field.length + 1), a.textContent].map(fold),
      })),
    }));
    const box = document.createElement('ul');
    box.id = 'suggest';
    box.className = 'suggest';
    box.setAttribute('role', 'listbox');
    box.setAttribute('aria-label', list.querySelector('summary').textContent);
    box.hidden = true;
    q.form.append(box);
    q.type = 'text'; // a combobox is not a search field
    for (const [name, value] of [['role', 'combobox'], ['aria-expanded', 'false'], ['aria-controls', box.id], ['aria-autocomplete', 'list']]) q.setAttribute(name, value);

    let shown = [];
    let at = -1;
    let took = false; // the Enter that is held down chose a suggestion: it does not search
    let from = 0; // where the word that is completed begins
    const close = () => {
      box.hidden = true;
      at = -1;
      q.setAttribute('aria-expanded', 'false');
      q.removeAttribute('aria-activedescendant');
    };
    const mark = (i) => {
      box.children[at]?.setAttribute('aria-selected', 'false');
      at = i;
      if (at < 0) { q.removeAttribute('aria-activedescendant'); return; }
      box.children[at].setAttribute('aria-selected', 'true');
      box.children[at].scrollIntoView({ block: 'nearest' });
      q.setAttribute('aria-activedescendant', box.children[at].id);
    };

    // find lists what may stand at the caret, those that begin so first.
    const find = (word) => {
      const named = word.match(/^([a-z_]+):(.*)$/i);
      const among = named ? fields.find((f) => f.text === `${named[1].toLowerCase()}:`)?.values ?? []
        : [...fields, ...word.length > 2 ? fields.flatMap((f) => f.values) : []];
      const want = fold(named ? named[2] : word);
      const rank = (s) => (s.names.some((n) => n.startsWith(want)) ? 0 : s.names.some((n) => want.length > 2 && n.includes(want)) ? 1 : 2);
      return among.map((s) => ({ s, r: rank(s) })).filter((x) => x.r < 2 && x.s.text !== word).sort((a, b) => a.r - b.r).slice(0, 10).map((x) => x.s);
    };
    const open = (all) => {
      const before = q.value.slice(0, q.selectionStart);
      const word = before.match(/[^\s()"“”„«»]*$/)[0].replace(/^-/, '');
      const quotes = (before.match(/["“”„«»]/g) ?? []).length;
      from = before.length - word.length;
      shown = quotes % 2 || !word && !all ? [] : find(word);
      if (!shown.length) { close(); return; }
      box.replaceChildren(...shown.map((s, i) => {
        const li = document.createElement('li');
        li.id = `suggest-${i}`;
        li.setAttribute('role', 'option');
        li.setAttribute('aria-selected', 'false');
        const code = document.createElement('code');
        code.textContent = s.text;
        const label = document.createElement('span');
        label.textContent = s.label;
        li.append(code, ' ', label);
        return li;
      }));
      at = -1;
      q.removeAttribute('aria-activedescendant');
      box.hidden = false;
      q.setAttribute('aria-expanded', 'true');
    };
    const take = (i) => {
      const s = shown[i];
      const isField = s.text.endsWith(':');
      const rest = q.value.slice(q.selectionStart).replace(/^[^\s()]*/, '');
      const head = q.value.slice(0, from) + s.text + (isField || rest.startsWith(' ') ? '' : ' ');
      q.value = head + rest;
      q.setSelectionRange(head.length, head.length);
      if (isField) open(true); else close();
    };
    q.addEventListener('input', () => open(false));
    q.addEventListener('blur', close);
    q.addEventListener('keydown', (e) => {
      if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
        if (box.hidden) open(true);
        if (box.hidden) return;
        e.preventDefault();
        const n = shown.length + 1; // one stop is the box itself
        mark((at + 1 + (e.key === 'ArrowDown' ? 1 : n - 1)) % n - 1);
      } else if (e.key === 'Enter' && at >= 0) {
        e.preventDefault();
        took = true;
        take(at);
      } else if (e.key === 'Escape' && !box.hidden) {
        e.preventDefault();
        e.stopPropagation();
        close();
      }
    });
    q.addEventListener('keypress', (e) => { if (took) e.preventDefault(); });
    q.addEventListener('keyup', () => { took = false; });
    box.addEventListener('pointerdown', (e) => {
      e.preventDefault(); // the box keeps the focus
      const i = [...box.children].indexOf(e.target.closest('li'));
      if (i >= 0) take(i);
    });
  };
  if (q && list) complete();

  const days = document.getElementById('days');
  const chart = document.querySelector('.hist svg[data-first]');
  const choose = () => {
    const { first, per, slots } = chart.dataset;
    const { width, height } = chart.viewBox.baseVal;
    const step = width / slots;
    const shade = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    shade.setAttribute('class', 'chosen');
    shade.setAttribute('height', height);
    const slot = (e) => {
      const r = chart.getBoundingClientRect();
      return Math.max(0, Math.min(slots - 1, Math.floor((e.clientX - r.left) / r.width * slots)));
    };
    const day = (n) => new Date(Date.parse(first) + n * 864e5).toISOString().slice(0, 10);
    let start = -1;
    let moved = false;
    chart.addEventListener('dragstart', (e) => e.preventDefault());
    chart.addEventListener('pointerdown', (e) => { if (e.button === 0) { start = slot(e); moved = false; } });
    window.addEventListener('pointermove', (e) => {
      if (start < 0) return;
      const now = slot(e);
      if (!moved && now === start) return;
      moved = true;
      const [a, b] = [Math.min(start, now), Math.max(start, now)];
      shade.setAttribute('x', a * step);
      shade.setAttribute('width', (b - a + 1) * step);
      if (!shade.parentNode) chart.append(shade);
      days.elements.from.value = day(a * per);
      days.elements.to.value = day(b * per + per * 1 - 1);
    });
    window.addEventListener('pointerup', () => {
      if (start >= 0 && moved) days.requestSubmit();
      start = -1;
    });
    window.addEventListener('pointercancel', () => { start = -1; shade.remove(); });
    // The bars are links: the end of a drag is no click on one.
    chart.addEventListener('click', (e) => { if (moved) { e.preventDefault(); e.stopPropagation(); moved = false; } }, true);
  };
  if (days && chart) choose();
})();
