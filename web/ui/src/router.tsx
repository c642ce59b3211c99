/** Every page of Guet and who may come in. Addresses are French, as the people who share them are. */
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { type Session, sessionQuery } from "./api/session";
import { loadPapers } from "./i18n/locale";
import { NotFoundPage } from "./pages/NotFoundPage";
import { Loading } from "./parts/Void";
import { homeOf } from "./shell/navigation";
import { PageError } from "./shell/PageError";

interface RouterContext {
  queryClient: QueryClient;
}

type Loader = Parameters<typeof lazyRouteComponent>[0];

/** A page whose words are in the papers' catalogue, which comes with it. */
const papers =
  (load: Loader): Loader =>
  async () => {
    const [page] = await Promise.all([load(), loadPapers()]);
    return page;
  };

const root = createRootRouteWithContext<RouterContext>()({
  component: Outlet,
  notFoundComponent: NotFoundPage,
  errorComponent: PageError,
});

async function signedIn(queryClient: QueryClient, href: string): Promise<Session> {
  const session = await queryClient.ensureQueryData(sessionQuery);
  if (session) return session;
  throw redirect({ to: "/connexion", search: { suite: href } });
}

/** Where to go after the door: an address of this site, or undefined, which also hides what was asked. */
function nextSearch(search: Record<string, unknown>): { suite?: string | undefined } {
  const { suite } = search;
  if (typeof suite !== "string" || !suite.startsWith("/")) return { suite: undefined };
  const { origin } = window.location;
  const inside = URL.canParse(suite, origin) && new URL(suite, origin).origin === origin;
  return { suite: inside ? suite : undefined };
}

const door = createRoute({
  getParentRoute: () => root,
  path: "/connexion",
  validateSearch: nextSearch,
  component: lazyRouteComponent(() => import("./pages/door/SignInPage"), "SignInPage"),
});

const commune = createRoute({
  getParentRoute: () => root,
  path: "/commune",
  validateSearch: nextSearch,
  beforeLoad: async ({ context, location }) => {
    const session = await signedIn(context.queryClient, location.href);
    if (session.person.host_admin) throw redirect({ to: "/hebergeur" });
    return { session };
  },
  component: lazyRouteComponent(() => import("./pages/door/CommunePage"), "CommunePage"),
});

const host = createRoute({
  getParentRoute: () => root,
  path: "/hebergeur",
  beforeLoad: async ({ context, location }) => ({
    session: await signedIn(context.queryClient, location.href),
  }),
  component: lazyRouteComponent(
    papers(() => import("./pages/door/HostPage")),
    "HostPage",
  ),
});

const recovery = createRoute({
  getParentRoute: () => root,
  path: "/retablir",
  component: lazyRouteComponent(
    papers(() => import("./pages/door/RecoveryPage")),
    "RecoveryPage",
  ),
});

const invitation = createRoute({
  getParentRoute: () => root,
  path: "/invitation",
  component: lazyRouteComponent(
    papers(() => import("./pages/door/InvitationPage")),
    "InvitationPage",
  ),
});

const comeback = createRoute({
  getParentRoute: () => root,
  path: "/connexion/retour",
  component: lazyRouteComponent(() => import("./pages/door/ReturnPage"), "ReturnPage"),
});

const account = createRoute({
  getParentRoute: () => root,
  path: "/compte",
  beforeLoad: async ({ context, location }) => ({
    session: await signedIn(context.queryClient, location.href),
  }),
  component: lazyRouteComponent(
    papers(() => import("./pages/account/AccountPage")),
    "AccountPage",
  ),
});

const information = createRoute({
  getParentRoute: () => root,
  path: "/information/$commune",
  component: lazyRouteComponent(() => import("./pages/door/PublicPage"), "PublicPage"),
});

const accessForm = createRoute({
  getParentRoute: () => root,
  path: "/information/$commune/demande",
  component: lazyRouteComponent(() => import("./pages/door/AccessFormPage"), "AccessFormPage"),
});

const accessFollow = createRoute({
  getParentRoute: () => root,
  path: "/information/$commune/suivi",
  component: lazyRouteComponent(() => import("./pages/door/AccessFollowPage"), "AccessFollowPage"),
});

const accessibility = createRoute({
  getParentRoute: () => root,
  path: "/accessibilite",
  component: lazyRouteComponent(() => import("./pages/AccessibilityPage"), "AccessibilityPage"),
});

const rules = createRoute({
  getParentRoute: () => root,
  path: "/regles",
  component: lazyRouteComponent(() => import("./pages/RulesPage"), "RulesPage"),
});

const panel = createRoute({
  getParentRoute: () => root,
  path: "/information/$commune/panneau",
  component: lazyRouteComponent(
    papers(() => import("./pages/panel/PanelPage")),
    "PanelPage",
  ),
});

const app = createRoute({
  getParentRoute: () => root,
  id: "app",
  beforeLoad: async ({ context, location }) => {
    const session = await signedIn(context.queryClient, location.href);
    if (session.person.host_admin) throw redirect({ to: "/hebergeur" });
    if (!session.acting) throw redirect({ to: "/commune", search: { suite: location.href } });
    return { session };
  },
  component: lazyRouteComponent(() => import("./shell/AppRoute"), "AppRoute"),
});

const home = createRoute({
  getParentRoute: () => app,
  path: "/",
  beforeLoad: ({ context }) => {
    const { session } = context;
    if (session.acting && !session.demo) throw redirect({ to: homeOf(session.acting.role) });
  },
  component: lazyRouteComponent(() => import("./pages/HomePage"), "HomePage"),
});

/** A page under the app's shell. */
function page<const Path extends string>(path: Path, load: Loader, name: string) {
  return createRoute({ getParentRoute: () => app, path, component: lazyRouteComponent(load, name) });
}

const pages = [
  home,
  page("/mur", () => import("./room/WallPage"), "WallPage"),
  page("/relecture", () => import("./room/ReplayPage"), "ReplayPage"),
  page("/cameras", () => import("./pages/cameras/CamerasPage"), "CamerasPage"),
  page(
    "/cameras/$camera",
    papers(() => import("./pages/cameras/CameraPage")),
    "CameraPage",
  ),
  page("/cameras/$camera/cadrage", () => import("./zones/FramingPage"), "FramingPage"),
  page(
    "/decouverte",
    papers(() => import("./pages/discovery/DiscoveryPage")),
    "DiscoveryPage",
  ),
  page(
    "/decouverte/declarer",
    papers(() => import("./pages/discovery/DeclarePage")),
    "DeclarePage",
  ),
  page(
    "/decouverte/$found",
    papers(() => import("./pages/discovery/EnrolPage")),
    "EnrolPage",
  ),
  page(
    "/autorisation",
    papers(() => import("./pages/authorisation/AuthorisationPage")),
    "AuthorisationPage",
  ),
  page(
    "/mutualisation",
    papers(() => import("./pages/pooling/PoolingPage")),
    "PoolingPage",
  ),
  page(
    "/habilitations",
    papers(() => import("./pages/people/PeoplePage")),
    "PeoplePage",
  ),
  page(
    "/habilitations/$person",
    papers(() => import("./pages/people/PersonPage")),
    "PersonPage",
  ),
  page(
    "/ouverture-exceptionnelle",
    papers(() => import("./pages/emergency/EmergencyPage")),
    "EmergencyPage",
  ),
  page(
    "/pourquoi",
    papers(() => import("./pages/why/WhyPage")),
    "WhyPage",
  ),
  page(
    "/journal",
    papers(() => import("./pages/journal/JournalPage")),
    "JournalPage",
  ),
  page(
    "/conservation",
    papers(() => import("./pages/retention/RetentionPage")),
    "RetentionPage",
  ),
  page(
    "/documents",
    papers(() => import("./pages/documents/DocumentsPage")),
    "DocumentsPage",
  ),
  page(
    "/stockage",
    papers(() => import("./pages/storage/StoragePage")),
    "StoragePage",
  ),
  page("/demandes", () => import("./pages/requests/RequestsPage"), "RequestsPage"),
  page(
    "/demandes/nouvelle",
    papers(() => import("./pages/requests/NewRequestPage")),
    "NewRequestPage",
  ),
  page("/demandes/$request", () => import("./pages/requests/RequestPage"), "RequestPage"),
  page("/demandes/$request/remise", () => import("./pages/requests/HandoverPage"), "HandoverPage"),
  page("/decider", () => import("./pages/requests/ToDecidePage"), "ToDecidePage"),
  page("/decision/$request", () => import("./pages/requests/DecisionPage"), "DecisionPage"),
] as const;

const tree = root.addChildren([
  door,
  commune,
  host,
  recovery,
  invitation,
  comeback,
  information,
  accessForm,
  accessFollow,
  account,
  accessibility,
  rules,
  panel,
  app.addChildren(pages),
]);

/** The router, with the cache that its guards read the session from. */
export function createAppRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queryClient },
    defaultPreload: false,
    defaultPendingComponent: Loading,
    defaultPendingMs: 400,
    scrollRestoration: false,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
