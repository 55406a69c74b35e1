// Compiles a module by a Python that runs in Node: `node node_python.mjs FOLDER < module.py > module.pyc`.
//
// FOLDER is one in which `npm install pyodide@VERSION` was run. Versions of Python that are not installed can be had so.
import { readFileSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const library = resolve(process.argv[2], "node_modules/pyodide/pyodide.mjs");
const { loadPyodide } = await import(pathToFileURL(library));
const python = await loadPyodide();
python.globals.set("source", readFileSync(0, "utf8"));
const compiled = python.runPython(`
import importlib.util, marshal
importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(compile(source, "config.py", "exec"))
`).toJs();
for (let at = 0; at < compiled.length; ) {
    at += writeSync(1, compiled, at);
}
