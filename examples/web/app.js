// The page: classifies the text whenever it has changed, one text at a time.
import { Classifier } from "./classifier.js";

const text = document.getElementById("text");
const labels = document.getElementById("labels");
const status = document.getElementById("status");
const MOST = 10; // labels shown

function element(name, className, content = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = content;
  return made;
}

function bar({ label, score }) {
  const line = document.createElement("li");
  line.dataset.label = label;
  line.dataset.score = score;
  const track = element("div", "track");
  const fill = element("div", "fill");
  fill.style.width = `${100 * Math.min(Math.max(score, 0), 1)}%`;
  track.setAttribute("aria-hidden", "true");
  track.append(fill);
  line.append(element("span", "name", label), track, element("span", "score", score.toFixed(3)));
  return line;
}

function show(written, { scores, tokens, cut, milliseconds }) {
  labels.replaceChildren(...scores.slice(0, MOST).map(bar));
  labels.dataset.text = written;
  const shortened = cut ? `, ${cut} more were cut off` : "";
  status.textContent = `${tokens} tokens${shortened}, ${milliseconds.toFixed(1)} ms`;
}

function fail(error) {
  status.className = "wrong";
  status.textContent = `That went wrong: ${error.message}`;
}

try {
  const classifier = await Classifier.load("model");
  let busy = false;
  const update = async () => {
    if (busy) return; // what comes meanwhile is taken up below
    busy = true;
    try {
      let written;
      do {
        written = text.value;
        show(written, await classifier.classify(written));
      } while (written !== text.value);
    } catch (error) {
      fail(error);
    } finally {
      busy = false;
    }
  };
  text.addEventListener("input", update);
  const { task, family } = classifier.task;
  document.getElementById("about").textContent =
    `${task} on a ${family} encoder, ${(classifier.bytes / 1e6).toFixed(1)} MB, ` +
    "by onnxruntime-web on the processor.";
  text.disabled = false;
  text.focus();
  await update();
} catch (error) {
  fail(error);
}
