import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { Ban, CircleDot, Eye, Flame, KeyRound, type LucideIcon, Pencil, Send } from "lucide-react";
import type { EntryKind } from "../../api/journal";

export const KIND_LOOKS: Record<EntryKind, { word: MessageDescriptor; icon: LucideIcon }> = {
  consultation: { word: msg`Consultation`, icon: Eye },
  communication: { word: msg`Communication`, icon: Send },
  modification: { word: msg`Modification`, icon: Pencil },
  collecte: { word: msg`Collecte`, icon: CircleDot },
  effacement: { word: msg`Effacement`, icon: Flame },
  refus: { word: msg`Refus`, icon: Ban },
  session: { word: msg`Session`, icon: KeyRound },
};

/** What each recorded act is, in words; an unknown one is shown by its name. */
const ACTS: Record<string, MessageDescriptor> = {
  live: msg`Direct`,
  replay: msg`Relecture`,
  framing: msg`Séance de cadrage`,
  export: msg`Extraction`,
  snapshot: msg`Image enregistrée`,
  key_window: msg`Clés de lecture remises`,
  sign_in: msg`Connexion`,
  sign_out: msg`Déconnexion`,
  step_up: msg`Mot de passe redonné`,
  act_for: msg`Commune et motif choisis`,
  unlock: msg`Relecture déverrouillée`,
  journal: msg`Journal lu`,
  read_journal: msg`Journal lu`,
  declare_prefix: msg`Préfixe déclaré`,
  order_provisioning: msg`Ordre d’installation`,
  record_order: msg`Arrêté enregistré`,
  record_cnil: msg`Engagement CNIL noté`,
  camera_enrolled: msg`Caméra enrôlée`,
  authorise_camera: msg`Caméra autorisée`,
  declare_framing_class: msg`Plan déclaré`,
  open_framing: msg`Séance de cadrage ouverte`,
  close_framing: msg`Séance de cadrage close`,
  draw_zones: msg`Zones tracées`,
  validate_zones: msg`Zones validées`,
  post_panel: msg`Panneau noté`,
  inform_prefect: msg`Préfet informé`,
  commission_camera: msg`Caméra réceptionnée`,
  put_in_service: msg`Mise en service`,
  suspend_camera: msg`Caméra suspendue`,
  retire_camera: msg`Caméra retirée`,
  add_person: msg`Compte ouvert`,
  grant: msg`Habilitation donnée`,
  withdraw: msg`Habilitation retirée`,
  record_convention: msg`Convention enregistrée`,
  place_hold: msg`Gel posé`,
  release_hold: msg`Gel levé`,
  register_request: msg`Demande enregistrée`,
  complete_request: msg`Demande complétée`,
  decide: msg`Décision prise`,
  sign_manifest: msg`Manifeste signé`,
  make_seal: msg`Cachet de la commune créé`,
  certify_export: msg`Clé d’extraction certifiée`,
  record_package: msg`Paquet scellé`,
  receive_package: msg`Paquet remis`,
  purge_package: msg`Copie du paquet détruite`,
  live_end: msg`Fin du direct`,
  replay_end: msg`Fin de la relecture`,
  framing_end: msg`Fin du cadrage`,
  export_end: msg`Fin de l’extraction`,
  snapshot_end: msg`Fin de la consultation`,
  view_end: msg`Fin de la consultation`,
  escalate: msg`Décideurs relancés`,
  destroy_held_keys: msg`Clés détruites à la levée d’un gel`,
  destroy_package_key: msg`Clé du paquet détruite`,
  destroy_keys: msg`Clés d’heure détruites`,
  prune_journal: msg`Fiches du journal effacées à leur terme`,
  gap: msg`Absence`,
  report_gap: msg`Absence`,
  erased: msg`Destruction`,
  report_erased: msg`Destruction`,
  init_commune: msg`Commune ouverte`,
};

/** The words of an act. */
export function actWords(act: string): MessageDescriptor | string {
  return ACTS[act] ?? act;
}
