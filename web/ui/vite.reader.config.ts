import { createHash } from "node:crypto";
import { lingui } from "@lingui/vite-plugin";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** The name under which the reader is handed over. */
const NAME = "lecteur-guet.html";

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** One page that needs nothing else: script and style inside it, and a policy that lets nothing out or in. */
function oneFile(): Plugin {
  return {
    name: "guet-one-file",
    enforce: "post",
    generateBundle(_, bundle) {
      let [script, style, page] = ["", "", ""];
      for (const [name, file] of Object.entries(bundle)) {
        if (file.type === "chunk") script += file.code;
        else if (name.endsWith(".css")) style += String(file.source);
        else if (name.endsWith(".html")) page = String(file.source);
        else this.error(`${name} would not be inside the page`);
        delete bundle[name];
      }
      // A closing tag inside a string would end the script; the escaped form is the same string.
      script = script.replaceAll("</script", "<\\/script").trim();
      style = style.trim();
      const policy = [
        "default-src 'none'",
        `script-src ${hashOf(script)}`,
        `style-src ${hashOf(style)}`,
        "font-src data:",
        "img-src data: blob:",
        "media-src blob:",
        "worker-src blob:",
        "base-uri 'none'",
        "form-action 'none'",
      ].join("; ");
      const source = page
        .replace(/\s*<(?:script|link)\b[^>]*(?:src|href)="[^"]*"[^>]*>(?:<\/script>)?/g, "")
        .replace(
          "<head>",
          () => `<head>\n    <meta http-equiv="Content-Security-Policy" content="${policy}" />`,
        )
        .replace("</head>", () => `  <style>${style}</style>\n  </head>`)
        .replace("</body>", () => `  <script type="module">${script}</script>\n  </body>`);
      this.emitFile({ type: "asset", fileName: NAME, source });
    },
  };
}

export default defineConfig({
  plugins: [lingui({ macroTransform: true }), react(), oneFile()],
  publicDir: false,
  build: {
    outDir: "dist",
    // The pages' build has emptied the folder; this one adds a file to it.
    emptyOutDir: false,
    target: "es2023",
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    rolldownOptions: { input: "reader.html", output: { codeSplitting: false } },
  },
  worker: { format: "iife", plugins: () => [lingui({ macroTransform: true })] },
});
