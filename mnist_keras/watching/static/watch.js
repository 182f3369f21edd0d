// Asks for this very page again and again, and puts what has changed in the place of what was there.
// So whatever is open, scrolled or in focus elsewhere stays as it is.

const PERIOD = 2000;

const lost = document.getElementById("lost");
const main = document.getElementById("content");

async function renew() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { cache: "no-cache" });
      if (!answer.ok) throw new Error(answer.statusText);
      show(new DOMParser().parseFromString(await answer.text(), "text/html"));
      lost.hidden = true;
    } catch {
      lost.hidden = false;
    }
  }
  setTimeout(renew, PERIOD);
}

function show(page) {
  document.title = page.title;
  const parts = (root) => [...root.querySelectorAll("[data-part]")];
  const names = (root) => parts(root).map((part) => part.dataset.part).join();
  if (names(page) !== names(document)) {
    // A part has come or gone.
    exchange(main, page.getElementById("content"));
    const [old, now] = [document, page].map((root) => root.querySelector("nav"));
    if (old && now) exchange(old, now);
    else if (now) main.before(now);
    else old?.remove();
    return;
  }
  for (const now of parts(page)) {
    exchange(document.querySelector(`[data-part="${CSS.escape(now.dataset.part)}"]`), now);
  }
}

function exchange(old, now) {
  if (old.innerHTML === now.innerHTML) return;
  const before = placesOf(old);
  const kept = new Map([...before].map(([key, place]) => [key, [place.open, place.scrollLeft]]));
  const focused = [...before].find(([, place]) => place === document.activeElement)?.[0];
  keepSpoken(old, now);
  old.replaceChildren(...now.childNodes);
  for (const [key, place] of placesOf(old)) {
    const [open, left] = kept.get(key) ?? [];
    if (open) place.open = true;
    if (left) place.scrollLeft = left;
    if (key === focused) place.focus({ preventScroll: true });
  }
}

// What a reader can open, scroll or focus, by the part that it is in and its number there.
function placesOf(root) {
  const places = new Map();
  const counts = {};
  for (const place of root.querySelectorAll("details, summary, .scroll, a")) {
    const kind = `${place.closest("[data-part]")?.dataset.part} ${place.tagName}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
    places.set(`${kind} ${counts[kind]}`, place);
  }
  return places;
}

// A sentence is read aloud when it changes, if it is the same element as before.
function keepSpoken(old, now) {
  const spoken = [...old.querySelectorAll("[role=status]")];
  const said = [...now.querySelectorAll("[role=status]")];
  if (spoken.length !== said.length) return;
  said.forEach((one, number) => {
    if (spoken[number].innerHTML !== one.innerHTML) spoken[number].innerHTML = one.innerHTML;
    one.replaceWith(spoken[number]);
  });
}

setTimeout(renew, PERIOD);
