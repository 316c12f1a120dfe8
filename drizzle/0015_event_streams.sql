CREATE TABLE "event_streams" (
	"client_id" text PRIMARY KEY NOT NULL,
	"id" uuid NOT NULL,
	"description" text,
	"requested_types" text[],
	"status" text DEFAULT 'enabled' NOT NULL,
	"status_reason" text,
	"delivers_from" timestamp with time zone DEFAULT '-infinity' NOT NULL,
	"verification_id" uuid,
	"verification_state" text,
	"verified_at" timestamp with time zone DEFAULT '-infinity' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "removed_subjects" (
	"client_id" text NOT NULL,
	"account_id" uuid NOT NULL,
	"session_id" uuid NOT NULL,
	CONSTRAINT "removed_subjects_client_id_account_id_session_id_pk" PRIMARY KEY("client_id","account_id","session_id")
);
--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "events_acknowledged_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "event_streams" ADD CONSTRAINT "event_streams_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "removed_subjects" ADD CONSTRAINT "removed_subjects_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE cascade ON UPDATE no action;