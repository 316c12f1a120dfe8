CREATE TABLE "client_assertions" (
	"client_id" text NOT NULL,
	"jti" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "client_assertions_client_id_jti_pk" PRIMARY KEY("client_id","jti")
);
--> statement-breakpoint
CREATE TABLE "clients" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"secret_hash" "bytea",
	"public_keys" text,
	"grants" text NOT NULL,
	"audience" text NOT NULL,
	"scope" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"events_from" timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "event_acknowledgements" (
	"client_id" text NOT NULL,
	"event_id" uuid NOT NULL,
	"at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "event_acknowledgements_client_id_event_id_pk" PRIMARY KEY("client_id","event_id")
);
--> statement-breakpoint
ALTER TABLE "client_assertions" ADD CONSTRAINT "client_assertions_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "event_acknowledgements" ADD CONSTRAINT "event_acknowledgements_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "told_events" ON "audit_events" USING btree ("at") WHERE event IN ('signed_out', 'session_revoked', 'refresh_token_reused', 'account_disabled', 'account_deleted', 'password_changed');