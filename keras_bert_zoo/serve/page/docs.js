// Shows openapi.json: each route, its requests with an example to copy, and its answers.
import { element } from "./answers.js";

const origin = location.origin;

function curl(path, value) {
  const body = JSON.stringify(value).replaceAll("'", "'\\''");
  return `curl ${origin}${path} -H 'Content-Type: application/json' -d '${body}'`;
}

function type(schema, root) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  const several = schema.anyOf || schema.oneOf;
  if (several) {
    const names = several.filter((one) => one.type !== "null").map((one) => type(one, root));
    return names.join(" or ");
  }
  if (schema.enum || schema.const) return (schema.enum || [schema.const]).map((v) => JSON.stringify(v)).join(" or ");
  if (schema.type === "array") return `list of ${type(schema.items || {}, root)}`;
  const limits = [];
  for (const [name, word] of [["minimum", "from"], ["maximum", "to"], ["maxLength", "up to"]]) {
    if (name in schema) limits.push(`${word} ${schema[name]}`);
  }
  return [schema.type || "any", ...limits].join(" ");
}

const about = (schema) =>
  schema.description || (schema.anyOf || []).map((one) => one.description).find(Boolean) || "";

function table(schema, root) {
  const needed = schema.required || [];
  const head = ["field", "type", ""].map((name) => element("th", { scope: "col" }, name));
  const rows = Object.entries(schema.properties || {}).map(([name, one]) =>
    element(
      "tr",
      {},
      element("td", {}, element("code", {}, name), needed.includes(name) ? "" : " (optional)"),
      element("td", {}, type(one, root)),
      element("td", {}, about(one)),
    ),
  );
  return element("div", { className: "scroll" }, element("table", {}, element("tr", {}, ...head), ...rows));
}

function requests(path, operation, root) {
  const content = operation.requestBody?.content["application/json"];
  if (!content) return [element("pre", { tabIndex: 0 }, `curl ${origin}${path}`)];
  return Object.entries(content.examples).flatMap(([name, example]) => [
    element("h2", {}, example.summary),
    element("pre", { tabIndex: 0 }, curl(path, example.value)),
    table(root.components.schemas[name], root),
  ]);
}

function answers(operation) {
  const rows = Object.entries(operation.responses).map(([code, one]) =>
    element("tr", {}, element("th", { scope: "row" }, code), element("td", {}, one.description)),
  );
  return element("div", { className: "scroll" }, element("table", {}, ...rows));
}

function route(path, method, operation, root) {
  const name = element("h1", {}, element("span", { className: "method" }, method.toUpperCase()), path);
  return element(
    "section",
    { className: "card" },
    name,
    element("p", { className: "quiet" }, operation.summary),
    ...requests(path, operation, root),
    element("h2", {}, "Answers"),
    answers(operation),
  );
}

async function begin() {
  const root = await (await fetch("/openapi.json")).json();
  document.getElementById("title").textContent = root.info.title;
  document.title = `API of ${root.info.title}`;
  const routes = Object.entries(root.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => route(path, method, operation, root)),
  );
  document.getElementById("routes").replaceChildren(...routes);
}

begin();
