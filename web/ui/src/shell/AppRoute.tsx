import { getRouteApi } from "@tanstack/react-router";
import { AppLayout } from "./AppLayout";

const route = getRouteApi("/app");

/** The shell of every page that needs a session and a commune. */
export function AppRoute() {
  const { session } = route.useRouteContext();
  return <AppLayout session={session} />;
}
