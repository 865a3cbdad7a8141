// Builds everything the browser gets into one folder: hashed files, manifest.json (source name -> file), the icons the server
// sets into pages (icons.svg + icons.json: name -> [start, length]), and THIRD_PARTY.txt with the notices of what is shipped.
// Usage: node build.mjs [OUTDIR]
import * as esbuild from "esbuild";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(here, "../dougong/web/static"));
const at = (...parts) => path.join(here, ...parts);

// Browsers: what companies still run on Windows 7 (Chrome 109) and later.
const target = ["es2022", "chrome109", "safari16.4", "firefox115"];
const shared = { absWorkingDir: here, outdir: out, bundle: true, minify: true, metafile: true, legalComments: "none", logLevel: "warning", target };

function clear() {
  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out, { recursive: true });
}

/** Modules and styles; `boot` is a classic script of its own, for it runs before the first paint. */
async function bundle() {
  const loader = { ".woff2": "file", ".svg": "dataurl" };
  const names = { entryNames: "[name]-[hash]", chunkNames: "part-[name]-[hash]", assetNames: "[name]-[hash]" };
  const pages = await esbuild.build({ ...shared, ...names, loader, entryPoints: ["src/app.ts", "src/app.css"], format: "esm", splitting: true });
  const boot = await esbuild.build({ ...shared, ...names, entryPoints: ["src/boot.ts"], format: "iife" });
  return { outputs: { ...pages.metafile.outputs, ...boot.metafile.outputs }, inputs: { ...pages.metafile.inputs, ...boot.metafile.inputs } };
}

function manifestOf(outputs) {
  const manifest = {};
  for (const [file, output] of Object.entries(outputs)) {
    const name = path.basename(file);
    if (output.entryPoint) manifest[path.basename(output.entryPoint)] = name;
    else if (name.startsWith("inter-latin-wght-normal")) manifest["inter.woff2"] = name;
  }
  return manifest;
}

function hashed(source) {
  const content = fs.readFileSync(source);
  const { name, ext } = path.parse(source);
  const file = `${name}-${createHash("sha256").update(content).digest("hex").slice(0, 8)}${ext}`;
  fs.writeFileSync(path.join(out, file), content);
  return file;
}

function drawIcons() {
  const index = {};
  let drawings = "";
  for (const [folder, suffix] of [["outline", ""], ["filled", "-filled"]]) {
    const source = at("node_modules/@tabler/icons/icons", folder);
    for (const file of fs.readdirSync(source).sort()) {
      const paths = fs.readFileSync(path.join(source, file), "utf8").replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "").replace(/\s*\n\s*/g, "");
      index[path.parse(file).name + suffix] = [drawings.length, paths.length];
      drawings += paths;
    }
  }
  fs.writeFileSync(path.join(out, "icons.svg"), drawings);
  fs.writeFileSync(path.join(out, "icons.json"), JSON.stringify(index));
}

/** Only packages whose code or drawings really end up in what is shipped. */
function notices(inputs) {
  const shipped = new Set(["@tabler/icons"]);
  for (const file of Object.keys(inputs)) {
    const found = file.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/);
    if (found) shipped.add(found[1]);
  }
  const parts = [...shipped].sort().map((name) => {
    const folder = at("node_modules", name);
    const { version, license, author } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
    const text = fs.readdirSync(folder).find((file) => /^(licen[cs]e|copying)/i.test(file));
    if (!text && license !== "Apache-2.0") throw new Error(`${name} carries no licence text`);
    const terms = text ? fs.readFileSync(path.join(folder, text), "utf8").trim() : `Copyright ${author?.name ?? author}. Terms: Apache License 2.0, the text of which is this product's own LICENSE.`;
    return `${name} ${version} (${license})\n\n${terms}\n`;
  });
  fs.writeFileSync(path.join(out, "THIRD_PARTY.txt"), parts.join(`\n${"-".repeat(78)}\n\n`));
}

clear();
const { outputs, inputs } = await bundle();
const manifest = { ...manifestOf(outputs), "mark.svg": hashed(at("src/mark.svg")) };
fs.writeFileSync(path.join(out, "manifest.json"), JSON.stringify(manifest, null, 1));
drawIcons();
notices(inputs);
