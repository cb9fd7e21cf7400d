async function announce() {
  const response = await fetch("/announcement");
  const { text } = await response.json();
  const banner = document.createElement("div");
  banner.className = "announcement";
  banner.textContent = text;
  document.body.prepend(banner);
}

// Not before the page is drawn: it must not delay what people came for.
window.addEventListener("load", () => requestIdleCallback(announce));
