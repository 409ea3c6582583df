// Puts the page, its libraries and the model into dist/: plain files, which any web server gives.
//
//   node build.mjs [FOLDER]     FOLDER: what `keras-bert-zoo export --format onnx` wrote; model/
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const FILES = ["index.html", "style.css", "app.js", "classifier.js"];
const LIBRARIES = {
  "onnxruntime-web/wasm": "onnxruntime-web/dist/ort.wasm.min.mjs",
  "@huggingface/tokenizers": "@huggingface/tokenizers/dist/tokenizers.min.mjs",
};
const WASM = ["ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];
const MODEL = ["model.onnx", "task.json", "tokenizer.json", "tokenizer_config.json"];

const here = (path) => new URL(path, import.meta.url).pathname;
const model = process.argv[2] ?? here("model");
const dist = process.argv[3] ?? here("dist");
const missing = MODEL.filter((name) => !existsSync(`${model}/${name}`));
if (missing.length) {
  console.error(`${model} has no ${missing.join(", ")}. Export a classifier to it: see README.md.`);
  process.exit(1);
}
rmSync(dist, { recursive: true, force: true });
mkdirSync(`${dist}/ort`, { recursive: true });
for (const name of FILES) cpSync(here(name), `${dist}/${name}`);
for (const name of MODEL) cpSync(`${model}/${name}`, `${dist}/model/${name}`);
for (const name of WASM) {
  cpSync(here(`node_modules/onnxruntime-web/dist/${name}`), `${dist}/ort/${name}`);
}
const imports = {};
for (const [name, path] of Object.entries(LIBRARIES)) {
  const file = path.split("/").at(-1);
  cpSync(here(`node_modules/${path}`), `${dist}/ort/${file}`);
  imports[name] = `./ort/${file}`;
}
const map = `<script type="importmap">${JSON.stringify({ imports })}</script>\n    `;
const page = readFileSync(here("index.html"), "utf8");
const script = '<script type="module"';
writeFileSync(`${dist}/index.html`, page.replace(script, map + script));
console.log(`Written to ${dist}. Serve it with: npm run serve`);
