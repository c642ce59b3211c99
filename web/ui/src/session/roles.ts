import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { Role } from "../api/session";

/** The words for each role; people are named by role on every page. */
export const ROLE_WORDS: Record<Role, MessageDescriptor> = {
  officer: msg`Police municipale`,
  chief: msg`Cheffe ou chef de la police municipale`,
  mayor: msg`Maire`,
  deputy: msg`Adjointe ou adjoint avec délégation`,
  state_agent: msg`Agent de l’État habilité`,
  secretary: msg`Secrétariat de mairie`,
  csu_operator: msg`Opération du CSU, agrément préfectoral`,
  installer: msg`Installation`,
  auditor: msg`Contrôle (DPO, audit)`,
  inspector: msg`Contrôle extérieur (préfecture, CNIL)`,
  host_admin: msg`Administration de l’hébergement`,
};

/** Roles that may, by law, be habilitated to see pictures (P-51…P-53). */
export const ROLES_WITH_IMAGES: readonly Role[] = ["officer", "chief", "mayor", "deputy", "csu_operator"];

/** Roles that decide requests (P-74). */
export const DECIDERS: readonly Role[] = ["mayor", "deputy"];
