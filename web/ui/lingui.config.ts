import { defineConfig } from "@lingui/cli";
import { formatter } from "@lingui/format-po";

/** Messages are written in French in the code; English is translated in the catalogues.
 *  Three catalogues, so that the room (wall, replay, zones), the office and the offline reader load and are
 *  translated apart. */
export default defineConfig({
  sourceLocale: "fr",
  locales: ["fr", "en"],
  catalogs: [
    { path: "src/locales/{locale}/room", include: ["src/room", "src/media", "src/zones"] },
    {
      path: "src/locales/{locale}/office",
      include: ["src"],
      exclude: ["src/room/**", "src/media/**", "src/zones/**", "src/reader/**", "**/*.test.*"],
    },
    {
      path: "src/locales/{locale}/reader",
      include: ["src/reader", "src/pages/cameras/words.ts"],
      exclude: ["**/*.test.*"],
    },
  ],
  format: formatter({ lineNumbers: false }),
});
