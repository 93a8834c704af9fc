from channels.generic.websocket import AsyncWebsocketConsumer

from oidc_gate import identity_of


class ChatConsumer(AsyncWebsocketConsumer):
    async def connect(self):
        await self.channel_layer.group_add("lobby", self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        print("gone:", identity_of(self).name, code, flush=True)
        await self.channel_layer.group_discard("lobby", self.channel_name)

    async def receive(self, text_data):
        who = self.scope["user"].get_full_name()
        await self.channel_layer.group_send("lobby", {"type": "chat.message", "text": f"{who}: {text_data}"})

    async def chat_message(self, event):
        await self.send(text_data=event["text"])
