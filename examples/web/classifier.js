// A task that `task.export(folder, format="onnx")` wrote, in the browser: text in, labels out.
import * as ort from "onnxruntime-web/wasm";
import { Tokenizer } from "@huggingface/tokenizers";

async function get(url, as) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${answer.statusText}`);
  return answer[as]();
}

export class Classifier {
  /** Loads the files of a folder: task.json, tokenizer.json, tokenizer_config.json, model.onnx. */
  static async load(folder) {
    ort.env.wasm.wasmPaths = new URL("ort/", document.baseURI).href;
    ort.env.wasm.numThreads = 1; // more need headers that plain files do not have
    const [task, tokenizer, config, model] = await Promise.all([
      get(`${folder}/task.json`, "json"),
      get(`${folder}/tokenizer.json`, "json"),
      get(`${folder}/tokenizer_config.json`, "json"),
      get(`${folder}/model.onnx`, "arrayBuffer"),
    ]);
    if (task.kind !== "classify" || !task.classes.logits) {
      throw new Error(`${task.task} is no classifier with one head.`);
    }
    const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
    return new Classifier(task, new Tokenizer(tokenizer, config), session, model.byteLength);
  }

  constructor(task, tokenizer, session, bytes) {
    Object.assign(this, { task, tokenizer, session, bytes });
  }

  /** Ids and segments of a text with the special ids around it, cut to what the model takes. */
  pack(text) {
    const { ids, id_segments, segments } = this.task.layouts[0];
    const room = this.task.max_sequence_length - ids.flat().length;
    const all = text ? this.tokenizer.encode(text, { add_special_tokens: false }).ids : [];
    const own = all.slice(0, room);
    return {
      ids: [...ids[0], ...own, ...ids[1]],
      segments: [...id_segments[0], ...own.map(() => segments[0]), ...id_segments[1]],
      cut: all.length - own.length,
    };
  }

  /** `{scores: [{label, score}], tokens, cut, milliseconds}`, the best label first. */
  async classify(text) {
    const start = performance.now();
    const { ids, segments, cut } = this.pack(text);
    const row = (values) => new ort.Tensor("int32", Int32Array.from(values), [1, values.length]);
    const feed = {
      token_ids: row(ids),
      segment_ids: row(segments),
      padding_mask: row(ids.map(() => 1)),
    };
    const logits = Array.from((await this.session.run(feed)).logits.data);
    const { labels, problem } = this.task.classes.logits;
    const values = { single: softmax, multi_label: sigmoid, regression: (x) => x }[problem](logits);
    const scores = values.map((score, index) => ({ label: String(labels?.[index] ?? index), score }));
    scores.sort((a, b) => b.score - a.score);
    return { scores, tokens: ids.length, cut, milliseconds: performance.now() - start };
  }
}

const sigmoid = (logits) => logits.map((x) => 1 / (1 + Math.exp(-x)));

function softmax(logits) {
  const most = Math.max(...logits);
  const parts = logits.map((x) => Math.exp(x - most));
  const total = parts.reduce((a, b) => a + b, 0);
  return parts.map((x) => x / total);
}
