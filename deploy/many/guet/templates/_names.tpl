{{- define "guet.labels" -}}
app.kubernetes.io/name: guet
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "guet.selector" -}}
app.kubernetes.io/name: guet
app.kubernetes.io/instance: {{ .root.Release.Name }}
guet.fr/site: {{ printf "site-%d" .site | quote }}
{{- end -}}

{{- define "guet.site" -}}
{{ printf "%s-%d" .root.Release.Name .site }}
{{- end -}}

{{- define "guet.env" -}}
- {name: VMS_HOME, value: /var/lib/guet}
- name: VMS_MACHINE
  valueFrom:
    fieldRef: {fieldPath: metadata.name}
- {name: VMS_SPOOL_LIMIT_MIB, value: {{ int64 .root.Values.site.spool.limitMib | quote }}}
- {name: VMS_STORE_URL, value: "{{ .root.Values.bucket.url }}/site-{{ .site }}"}
- {name: AWS_ENDPOINT_URL, value: {{ .root.Values.bucket.endpoint | quote }}}
- {name: AWS_REGION, value: {{ .root.Values.bucket.region | quote }}}
- name: GUET_DATABASE_PASSWORD
  valueFrom:
    secretKeyRef: {{ dict "name" .root.Values.database.passwordSecret.name "key" .root.Values.database.passwordSecret.key | toJson }}
- name: VMS_DATABASE_URL
  value: "postgresql+asyncpg://{{ .root.Values.database.user }}:$(GUET_DATABASE_PASSWORD)@{{ .root.Values.database.host }}:{{ int .root.Values.database.port }}/guet_{{ .site }}{{ .root.Values.database.parameters }}"
{{- if .root.Values.site.machines }}
- {name: VMS_MACHINE_CERTIFICATE, value: /etc/guet/machines/$(VMS_MACHINE).crt}
- {name: VMS_MACHINE_KEY, value: /etc/guet/machines/$(VMS_MACHINE).key}
- {name: VMS_MACHINE_AUTHORITY, value: /etc/guet/machines/ca.crt}
- {name: VMS_RECORDER_IDENTITY, value: /etc/guet/identity}
- {name: VMS_RELAY_PORT, value: "9500"}
- {name: VMS_RELAY_HOST, value: "$(VMS_MACHINE).{{ include "guet.site" . }}-machines"}
{{- end }}
{{- end -}}
