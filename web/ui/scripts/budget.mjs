/* Weighs the built pages (gzip) against their budgets, from Vite's manifest. Exit 1 when one is over. */
import { readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";

const DIST = new URL("../dist/", import.meta.url);
const KIB = 1024;
/** Budgets in KiB of gzip. */
const JS_FIRST_KIB = 190;
const JS_WALL_KIB = 240;
const JS_LAZY_KIB = 80;
const CSS_KIB = 25;
const FONTS_KIB = 60;
/** The offline reader without its font, which is in the fonts' budget like the pages' own copy. */
const READER_KIB = 150;
const READER_FONT = /data:font\/woff2;base64,[A-Za-z0-9+/=]*/g;

const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", DIST), "utf8"));
const weights = new Map();

function weigh(file) {
  if (!weights.has(file)) weights.set(file, gzipSync(readFileSync(new URL(file, DIST)), { level: 9 }).length);
  return weights.get(file);
}

/** Every chunk that a page needs before it shows: itself and its static imports. */
function needs(keys, found = new Set()) {
  for (const key of keys) {
    const chunk = manifest[key];
    if (!chunk || found.has(key)) continue;
    found.add(key);
    needs(chunk.imports ?? [], found);
  }
  return found;
}

const js = (keys) => [...keys].reduce((sum, key) => sum + weigh(manifest[key].file), 0) / KIB;
const catalogues = ["src/locales/fr/office.po", "src/locales/fr/room.po"];
const entry = ["index.html", ...catalogues];
const shell = [...entry, "src/shell/AppRoute.tsx"];
const results = [];
const check = (name, kib, budget) => results.push({ name, kib: Math.round(kib * 10) / 10, budget });

check("sign-in, JS", js(needs([...entry, "src/pages/door/SignInPage.tsx"])), JS_FIRST_KIB);
check("decision, JS", js(needs([...shell, "src/pages/requests/DecisionPage.tsx"])), JS_FIRST_KIB);
check("wall, JS", js(needs([...shell, "src/room/WallPage.tsx"])), JS_WALL_KIB);

const common = needs(shell);
for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry || !/Page\.tsx$/.test(key)) continue;
  const own = [...needs([key])].filter((one) => !common.has(one));
  check(`${key.split("/").at(-1)}, own JS`, js(own), JS_LAZY_KIB);
}

const css = new Set(Object.values(manifest).flatMap((chunk) => chunk.css ?? []));
check("CSS", [...css].reduce((sum, file) => sum + weigh(file), 0) / KIB, CSS_KIB);
const fonts = new Set(
  Object.values(manifest)
    .flatMap((chunk) => [chunk.file, ...(chunk.assets ?? [])])
    .filter((file) => file.endsWith(".woff2")),
);
check(
  "fonts",
  [...fonts].reduce((sum, file) => sum + statSync(new URL(file, DIST)).size, 0) / KIB,
  FONTS_KIB,
);

const readerText = readFileSync(new URL("lecteur-guet.html", DIST), "utf8").replace(READER_FONT, "");
check("offline reader, all but its font", gzipSync(readerText, { level: 9 }).length / KIB, READER_KIB);

const over = results.filter(({ kib, budget }) => kib > budget);
for (const { name, kib, budget } of results.sort((a, b) => b.kib / b.budget - a.kib / a.budget)) {
  process.stdout.write(
    `${kib > budget ? "OVER " : "     "}${String(kib).padStart(6)} / ${budget} KiB  ${name}\n`,
  );
}
if (over.length > 0) process.exit(1);
