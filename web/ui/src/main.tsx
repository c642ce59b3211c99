import "./look/look.css";
import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient } from "./api/query";
import { activateLocale, chosenLocale } from "./i18n/locale";
import { setRoomOpen } from "./look/theme";
import { createAppRouter } from "./router";

async function start(): Promise<void> {
  setRoomOpen(false);
  await activateLocale(chosenLocale());
  const root = document.getElementById("root");
  if (!root) return;
  const queryClient = createQueryClient();
  const router = createAppRouter(queryClient);
  createRoot(root).render(
    <StrictMode>
      <I18nProvider i18n={i18n}>
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </I18nProvider>
    </StrictMode>,
  );
}

void start();
