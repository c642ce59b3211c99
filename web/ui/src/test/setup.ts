import { cleanup, configure } from "@testing-library/react";
import { afterEach, beforeEach } from "vitest";
import { activateLocale } from "../i18n/locale";

/** Pages are loaded on demand: the first one of a run is slow on a busy machine. */
const ASYNC_LIMIT_MS = 30_000;
configure({ asyncUtilTimeout: ASYNC_LIMIT_MS });

beforeEach(async () => {
  // Tests of the media code run without a page.
  if (typeof window === "undefined") return;
  window.localStorage.clear();
  await activateLocale("fr");
});

afterEach(cleanup);
