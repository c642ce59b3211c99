import { defineConfig } from "@lingui/cli";
import { formatter } from "@lingui/format-po";

/** Messages are written in French in the code; English is translated in the catalogues.
 *  Two catalogues, so that the room (wall, replay, zones) and the office load and are translated apart. */
export default defineConfig({
  sourceLocale: "fr",
  locales: ["fr", "en"],
  catalogs: [
    { path: "src/locales/{locale}/room", include: ["src/room", "src/media", "src/zones"] },
    {
      path: "src/locales/{locale}/office",
      include: ["src"],
      exclude: ["src/room/**", "src/media/**", "src/zones/**", "**/*.test.*"],
    },
  ],
  format: formatter({ lineNumbers: false }),
});
