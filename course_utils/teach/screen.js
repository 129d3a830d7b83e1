// The picture of a game: it listens to the arrow keys after it was clicked, and says which is down.
function render({ model, el }) {
  const image = document.createElement("img"), sentence = document.createElement("div");
  image.tabIndex = 0;
  image.className = "course-screen";
  image.style.maxWidth = "100%";
  const draw = () => {
    const old = image.src;
    image.src = URL.createObjectURL(new Blob([model.get("picture")], { type: "image/jpeg" }));
    URL.revokeObjectURL(old);
  };
  const tell = () => { image.alt = sentence.textContent = model.get("value"); };
  const press = (key) => { model.set("key", key); model.save_changes(); };
  image.addEventListener("click", () => image.focus());
  image.addEventListener("keydown", (event) => {
    if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) press(event.key);
  });
  image.addEventListener("keyup", (event) => { if (event.key === model.get("key")) press(""); });
  image.addEventListener("blur", () => press(""));
  model.on("change:picture", draw);
  model.on("change:value", tell);
  draw();
  tell();
  el.append(image, sentence);
}
export default { render };
