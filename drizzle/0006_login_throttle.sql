CREATE TABLE "login_throttle" (
	"key" text PRIMARY KEY NOT NULL,
	"most" integer NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"ends_at" timestamp with time zone DEFAULT '-infinity' NOT NULL,
	"guesses" timestamp with time zone[] NOT NULL
);
--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "network" text;--> statement-breakpoint
CREATE INDEX "login_throttle_in_time" ON "login_throttle" USING btree ("ends_at");