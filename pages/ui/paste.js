// An image pasted anywhere on the page is sent as base64; text goes where it was pasted, also text that a picture of
// itself comes with, as from an office program.

const MOST = 50_000_000; // bytes, as for uploads; the server looks again

const isText = (event) =>
  event.composedPath()[0]?.matches?.("input, textarea") && event.clipboardData.types.includes("text/plain");

export default function ({ setTriggerValue }) {
  const pasted = (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!file || file.size > MOST || document.querySelector('[role="dialog"]') || isText(event)) return;
    event.preventDefault();
    const reader = new FileReader();
    reader.onload = () => setTriggerValue("image", [file.name || "pasted image", reader.result.split(",", 2)[1]]);
    reader.readAsDataURL(file);
  };
  document.addEventListener("paste", pasted);
  return () => document.removeEventListener("paste", pasted);
}
