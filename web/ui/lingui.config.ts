import { defineConfig } from "@lingui/cli";
import { formatter } from "@lingui/format-po";

/** Pages that nobody opens first: their words come with them, so that the door and a decision stay light. */
const PAPERS = [
  "account",
  "authorisation",
  "discovery",
  "documents",
  "emergency",
  "journal",
  "panel",
  "people",
  "pooling",
  "retention",
  "storage",
  "why",
].map((name) => `src/pages/${name}`);
/** The same of the form of a new request or collection, whose neighbours a decision shows. */
const FORMS = ["NewRequestPage", "NewRequestBlocks", "RequestSummary", "RangeBlock", "CameraPicker"].map(
  (name) => `src/pages/requests/${name}.tsx`,
);
/** The same of what a camera still lacks: its page comes with the papers already. */
const CARDS = ["src/pages/cameras/RemainingCard.tsx"];

/** The same of who comes in by a code, once. */
const CODES = ["RecoveryPage", "InvitationPage", "NewPasswordForm"].map(
  (name) => `src/pages/door/${name}.tsx`,
);

/** Messages are written in French in the code; English is translated in the catalogues.
 *  Four catalogues, so that the room (wall, replay, zones), the office, its papers and the offline reader load and
 *  are translated apart. */
export default defineConfig({
  sourceLocale: "fr",
  locales: ["fr", "en"],
  catalogs: [
    { path: "src/locales/{locale}/room", include: ["src/room", "src/media", "src/zones"] },
    {
      path: "src/locales/{locale}/office",
      include: ["src"],
      exclude: [
        "src/room/**",
        "src/media/**",
        "src/zones/**",
        "src/reader/**",
        "**/*.test.*",
        ...PAPERS.map((folder) => `${folder}/**`),
        ...FORMS,
        ...CARDS,
        ...CODES,
      ],
    },
    {
      path: "src/locales/{locale}/papers",
      include: [...PAPERS, ...FORMS, ...CARDS, ...CODES],
      exclude: ["**/*.test.*"],
    },
    {
      path: "src/locales/{locale}/reader",
      include: ["src/reader", "src/pages/cameras/words.ts"],
      exclude: ["**/*.test.*"],
    },
  ],
  format: formatter({ lineNumbers: false }),
});
