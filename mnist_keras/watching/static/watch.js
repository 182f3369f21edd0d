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
  const keeps = "details, .scroll, a, summary";
  const places = [...old.querySelectorAll(keeps)];
  const kept = places.map((place) => [place.open, place.scrollLeft]);
  const focused = places.indexOf(document.activeElement);
  // The sentence that is read aloud when it changes must be the same element for that.
  const spoken = [...old.querySelectorAll("[role=status]")];
  const said = [...now.querySelectorAll("[role=status]")];
  if (spoken.length === said.length) {
    said.forEach((one, place) => {
      if (spoken[place].innerHTML !== one.innerHTML) spoken[place].innerHTML = one.innerHTML;
      one.replaceWith(spoken[place]);
    });
  }
  old.replaceChildren(...now.childNodes);
  [...old.querySelectorAll(keeps)].forEach((place, number) => {
    if (number >= kept.length) return;
    if (kept[number][0]) place.open = true;
    place.scrollLeft = kept[number][1];
    if (number === focused) place.focus({ preventScroll: true });
  });
}

setTimeout(renew, PERIOD);
