"""Accounts of agents and their sign-ins."""

from server.domain.principal import Agent, Principal
from server.domain.words import Role
from server.service.house import House
from server.service.views import AgentAdded, AgentsView, AgentView


async def sign_in(house: House, address: str, email: str, password: str) -> tuple[AgentView, str]:
    """The account and a token for the cookie. `address` is the caller's IP. Raises WrongPassword, TooManyRequests(retry_after_s)."""
    raise NotImplementedError


async def sign_in_by_link(house: House, address: str, secret: str) -> tuple[AgentView, str]:
    """The same by a one-time link. Raises BadLink, TooManyRequests."""
    raise NotImplementedError


async def find_agent(house: House, token: str) -> Agent | None:
    """Whose cookie this is; None for an unknown, expired or idle one, and for disabled accounts. Counts as use."""
    raise NotImplementedError


async def touch_agent(house: House, agent: Agent) -> bool:
    """The agent's socket is open (call every 30 s): the sign-in is in use and the agent counts as here. False once it has ended."""
    raise NotImplementedError


async def sign_out(house: House, principal: Principal) -> None:
    """This browser's sign-in ends, and its sockets."""
    raise NotImplementedError


async def read_me(house: House, principal: Principal) -> AgentView:
    """One's own account. Raises NotSignedIn."""
    raise NotImplementedError


async def set_password(house: House, principal: Principal, password: str) -> AgentView:
    """A new password; all other sign-ins of the account end. Raises BadField (12 to 256 characters)."""
    raise NotImplementedError


async def list_agents(house: House, principal: Principal) -> AgentsView:
    """All accounts. Admins."""
    raise NotImplementedError


async def add_agent(house: House, principal: Principal, email: str, name: str, role: Role) -> AgentAdded:
    """A new account with a one-time sign-in link. Admins. Raises BadField, Conflict (e-mail is in use)."""
    raise NotImplementedError


async def make_agent(house: House, email: str, name: str, role: Role) -> AgentAdded:
    """The same for the command line, where whoever may start the server may do this."""
    raise NotImplementedError


async def set_agent_disabled(house: House, principal: Principal, agent: str, disabled: bool) -> AgentView:
    """The account is off (its sign-ins end at once), or on again. Admins; not one's own."""
    raise NotImplementedError


async def make_sign_in_link(house: House, email: str) -> str:
    """A new one-time sign-in link (whole address) for an account, for the command line. Raises NotFound."""
    raise NotImplementedError


async def first_sign_in_link(house: House) -> str | None:
    """While no account has a password: the first admin account is made if needed, and its new one-time link returned. Else None."""
    raise NotImplementedError
