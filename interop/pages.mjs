// Opens the pages of a hub in Chromium and says what is wrong with them.
// Arguments: folder of the npm packages, Chromium, endpoint, an empty profile,
// where screenshots go. HF_TOKEN may write to the hub.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const [modules, chromium, endpoint, profile, shots] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), "package.json"));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// Name of the screenshot, address, and what the page must show.
const model = "/me/LongCAT-10.7B";
const pages = [
  { name: "list", path: "/", want: ["LongCAT-10.7B", "small-data", "Search"], not: ["secret"] },
  { name: "search", path: "/models?search=cat", want: ["LongCAT-10.7B"], not: ["small-data"] },
  { name: "card", path: model, want: ["apache-2.0", "hf download me/LongCAT-10.7B", "Layers"], pictures: 1 },
  { name: "tree", path: model + "/tree/main", want: ["config.json", "sha256", "README.md"] },
  { name: "blob", path: model + "/blob/main/config.json", want: ["MistralForCausalLM", "Git blob id"] },
  { name: "large", path: model + "/blob/main/model.safetensors", want: ["SHA-256", "Not text"] },
  { name: "layer-map", path: model + "/blob/main/layer-map.svg", want: ["Merged model"], pictures: 1 },
  { name: "commits", path: model + "/commits/main", want: ["initial commit"] },
  { name: "dataset", path: "/datasets/me/small-data", want: ["cc-by-4.0", "--repo-type dataset"] },
  { name: "folder", path: "/datasets/me/small-data/tree/main/train", want: ["part-1.csv"] },
  { name: "hostile", path: "/me/hostile", want: ["A card that attacks its reader"], pictures: 2, broken: 1 },
  { name: "hostile-tree", path: "/me/hostile/tree/main", want: ["<img src=x onerror=alert(1)>.txt", "<script>alert(1)</script>"] },
  { name: "hostile-commit", path: "/me/hostile/commit/main", want: ["<script>alert(1)</script>", "added"] },
  { name: "hostile-pull", path: "/me/hostile/discussions/1", want: ["<script>alert(1)</script>", "#1", "added"] },
  { name: "missing", path: model + "/blob/main/none.txt", want: ["404", "Not here"], status: 404 },
  { name: "private", path: "/me/secret", want: ["Sign in"], not: ["Nobody"], status: 401, password: "wrong" },
];

const looks = [
  { name: "light", width: 1280, scheme: "light" },
  { name: "dark", width: 1280, scheme: "dark" },
  { name: "narrow", width: 320, scheme: "light" },
];

const problems = [];
await publishHostile();
const browser = await puppeteer.launch({
  executablePath: chromium,
  userDataDir: profile,
  headless: true,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
  ],
});

try {
  for (const look of looks) for (const page of pages) await visit(look, page);
  await checkKeyboard();
  await checkSignIn();
} finally {
  await browser.close();
}
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log(`${pages.length} pages in ${looks.length} looks: nothing to complain about`);

// publishHostile commits what longcat's own upload would refuse.
async function publishHostile() {
  const post = async (path, type, body) => {
    const answer = await fetch(endpoint + path, {
      method: "POST", body, headers: { "Content-Type": type, Authorization: `Bearer ${process.env.HF_TOKEN}` },
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const content = (name) => readFileSync(new URL(`testdata/${name}`, import.meta.url)).toString("base64");
  const file = (path, content) => ({ key: "file", value: { path, content, encoding: "base64" } });
  await post("/api/repos/create", "application/json", JSON.stringify({ organization: "me", name: "hostile" }));
  const lines = (message) => [
    { key: "header", value: { summary: "<script>alert(1)</script>", description: message } },
    file("README.md", content("hostile-card.md")),
    file("hostile.svg", content("hostile.svg")),
    file("<img src=x onerror=alert(1)>.txt", "eA=="),
  ].map((line) => JSON.stringify(line)).join("\n");
  const commit = "/api/models/me/hostile/commit/main";
  await post(commit + "?create_pr=1", "application/x-ndjson", lines("<b onclick=alert(2)>as a pull request</b>"));
  await post(commit, "application/x-ndjson", lines("<img src=x onerror=alert(3)>\njavascript:alert(4)"));
}

async function visit(look, page) {
  const where = `${page.path} (${look.name})`;
  const complain = (what) => problems.push(`${where}: ${what}`);
  const tab = await browser.newPage();
  let failures = 0;
  tab.on("console", (m) => {
    const text = m.text();
    if (m.type() !== "error" || (text.includes("status of " + page.status))) return;
    if (page.broken && text.includes("status of 404")) failures++;
    else complain(`console: ${text}`);
  });
  tab.on("pageerror", (e) => complain(`script error: ${e.message}`));
  tab.on("dialog", async (d) => { complain(`a dialog opened: ${d.message()}`); await d.dismiss(); });
  await tab.setBypassCSP(false);
  await tab.setViewport({ width: look.width, height: 900 });
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: look.scheme }]);
  // Without one, headless Chromium shows nothing of a page that asks for a password.
  if (page.password) await tab.authenticate({ username: "me", password: page.password });
  const answer = await tab.goto(endpoint + page.path, { waitUntil: "networkidle0" });
  const status = answer.status();
  if (status !== (page.status ?? 200)) complain(`status ${status}`);
  if (failures > (page.broken ?? 0)) complain(`${failures} pictures are missing`);
  const seen = await tab.evaluate(() => ({
    text: document.body.innerText,
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    pictures: [...document.images].map((i) => i.naturalWidth),
    scripts: document.scripts.length,
    handlers: [...document.querySelectorAll("*")].filter((e) => [...e.attributes].some((a) =>
      a.name.startsWith("on") || /^\s*javascript:/i.test(a.value))).length,
  }));
  for (const want of page.want) if (!seen.text.includes(want)) complain(`does not show ${JSON.stringify(want)}`);
  for (const not of page.not ?? []) if (seen.text.includes(not)) complain(`shows ${JSON.stringify(not)}`);
  if (seen.wide > 0) complain(`${seen.wide} pixels wider than the window`);
  if (seen.scripts + seen.handlers > 0) complain(`${seen.scripts} scripts and ${seen.handlers} handlers`);
  if (seen.pictures.length < (page.pictures ?? 0)) complain(`${seen.pictures.length} pictures`);
  const broken = seen.pictures.filter((width) => width === 0).length;
  if (broken !== (page.broken ?? 0)) complain(`${broken} pictures did not load`);
  await tab.screenshot({ path: join(shots, `${page.name}-${look.name}.png`), fullPage: true });
  await checkBarriers(tab, complain);
  await tab.close();
}

// axe-core runs in the page, over the debugging protocol: the page's own policy
// lets no script in.
async function checkBarriers(tab, complain) {
  await tab.evaluate(axe);
  const found = await tab.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  for (const v of found.violations)
    for (const node of v.nodes)
      complain(`${v.id} (${v.impact}): ${v.help}: ${node.html.slice(0, 160)}: ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ""}`);
}

// The first Tab must offer to skip to the content, and what has the focus must
// show it.
async function checkKeyboard() {
  const tab = await browser.newPage();
  await tab.goto(endpoint + model, { waitUntil: "networkidle0" });
  await tab.keyboard.press("Tab");
  const skip = await tab.evaluate(() => {
    const at = document.activeElement.getBoundingClientRect();
    return { text: document.activeElement.textContent, visible: at.top >= 0 && at.left >= 0 };
  });
  if (skip.text !== "Skip to content" || !skip.visible) problems.push(`the first Tab leads to ${JSON.stringify(skip)}`);
  await tab.keyboard.press("Enter");
  if (!(await tab.evaluate(() => document.activeElement.tagName === "MAIN"))) problems.push("the skip link does not move the focus");
  for (let i = 0; i < 8; i++) {
    await tab.keyboard.press("Tab");
    const style = await tab.evaluate(() => {
      const s = getComputedStyle(document.activeElement);
      return { tag: document.activeElement.outerHTML.slice(0, 80), outline: s.outlineStyle, width: s.outlineWidth };
    });
    if (style.outline === "none" || parseFloat(style.width) < 2) problems.push(`focus is not visible on ${style.tag}`);
  }
  await tab.close();
}

// A token as the password opens what is private, its pictures too.
async function checkSignIn() {
  const tab = await browser.newPage();
  await tab.authenticate({ username: "me", password: "hf_pages" });
  await tab.goto(endpoint + "/?signin=1", { waitUntil: "networkidle0" });
  let text = await tab.evaluate(() => document.body.innerText);
  if (!text.includes("secret") || !text.includes("Signed in as")) problems.push("after signing in, the list does not show what is private");
  await tab.goto(endpoint + "/me/secret", { waitUntil: "networkidle0" });
  text = await tab.evaluate(() => document.body.innerText);
  if (!text.includes("Nobody sees this")) problems.push("after signing in, a private card does not show");
  await tab.screenshot({ path: join(shots, "signed-in-light.png"), fullPage: true });
  await tab.close();
}
