import { lingui } from "@lingui/vite-plugin";
import optimizeLocales from "@react-aria/optimize-locales-plugin";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds the server; the build never names a host. */
const DEV_SERVER = process.env.VMS_DEV_URL ?? "http://localhost:8080";

export default defineConfig({
  plugins: [
    lingui({ macroTransform: true }),
    react(),
    { ...optimizeLocales.vite({ locales: ["fr-FR", "en-US"] }), enforce: "pre" },
  ],
  build: {
    outDir: "dist",
    assetsDir: "assets",
    // No data: URL for code or fonts: the CSP allows data: for images only.
    assetsInlineLimit: 0,
    target: "es2023",
    modulePreload: { polyfill: false },
    manifest: true,
  },
  worker: { format: "es" },
  server: { proxy: { "/api": { target: DEV_SERVER, ws: true } } },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test/setup.ts"],
    restoreMocks: true,
    testTimeout: 120_000,
  },
});
