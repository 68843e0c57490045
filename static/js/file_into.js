// data-file-into="#field": the file chosen below it is read here and put into that field; hidden without scripts.
for (const place of document.querySelectorAll("[data-file-into]")) {
  const field = document.querySelector(place.dataset.fileInto);
  const input = place.querySelector("input[type=file]");
  if (!field || !input) continue;
  place.hidden = false;
  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file) return;
    // Larger than any certificate; the server says so in words.
    field.value = await file.slice(0, 40 * 1024).text();
    input.value = "";
    field.focus();
  });
}
