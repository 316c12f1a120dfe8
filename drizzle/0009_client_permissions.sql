ALTER TABLE "clients" ADD COLUMN "permissions" text[] DEFAULT '{introspect,revoke,events}' NOT NULL;--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "audience_is_own" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "client_id" text;--> statement-breakpoint
CREATE UNIQUE INDEX "clients_own_audience" ON "clients" USING btree ("audience") WHERE audience_is_own;